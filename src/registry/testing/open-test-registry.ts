/** For tests: the feature over a real store and a real socket, and a client that knows nothing of it. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "../../base/log.ts";
import type { Images } from "../../images/index.ts";
import { openImages } from "../../images/index.ts";
import { createTarJobs } from "../../images/testing/tar-jobs.ts";
import { createEvents, type Database, openDatabase } from "../../state/index.ts";
import { createRegistry, openRegistryTable, type Registry, type RegistryTable, registryKeeper } from "../index.ts";
import type { ServeBody } from "../schema.ts";

export type TestRegistry = AsyncDisposable & {
  home: string;
  url: string;
  registry: Registry;
  images: Images;
  table: RegistryTable;
  now: number;
  logged: string[];
  call(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** As after a crash: everything in memory is forgotten, kept servers come back. */
  reopen(): Promise<void>;
};

export async function openTestRegistry(options: ServeBody = {}, below = "/tmp"): Promise<TestRegistry> {
  const home = mkdtempSync(join(below, "hbx-registry-"));
  let db: Database;
  const logged: string[] = [];
  const open = () => {
    db = openDatabase(join(home, "state.db"));
    const table = openRegistryTable(db);
    const images = openImages({
      ...{ home, db, jobs: createTarJobs(), events: createEvents(), keeper: registryKeeper(table) },
      uses: { of: () => [] },
      commits: { open: () => Promise.reject(new Error("no containers here")) },
    });
    const logger = createLogger((line) => void logged.push(line));
    const registry = createRegistry({ home, db, images, table, logger, now: () => test.now });
    return { table, images, registry };
  };
  const close = async () => {
    await test.registry[Symbol.asyncDispose]();
    db[Symbol.dispose]();
  };
  const test: TestRegistry = {
    ...{ home, logged, url: "", now: Date.now() },
    ...open(),
    call: (method, path, init = {}) => fetch(`${test.url}${path}`, { ...init, method, redirect: "manual" }),
    async reopen() {
      await close();
      Object.assign(test, open());
      await test.registry.restore();
    },
    async [Symbol.asyncDispose]() {
      await close();
      rmSync(home, { recursive: true });
    },
  };
  try {
    const { body } = await test.registry.serve({ Listen: "127.0.0.1:0", ...options }, { keep: true });
    test.url = body.Url;
    return test;
  } catch (error) {
    await test[Symbol.asyncDispose]();
    throw error;
  }
}

export const sha256 = (bytes: string | Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
export const someBytes = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));

export const manifestType = "application/vnd.oci.image.manifest.v1+json";

export async function pushBlob(
  test: TestRegistry,
  repository: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const digest = sha256(bytes);
  const answer = await test.call("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return digest;
}

/** A manifest that names these blobs, and the answer to pushing it. */
export async function pushManifest(
  test: TestRegistry,
  repository: string,
  reference: string,
  { layers = [], more = {} }: { layers?: { digest: string; size: number }[]; more?: Record<string, unknown> } = {},
): Promise<{ digest: string; answer: Response; text: string }> {
  const config = await pushBlob(test, repository, new TextEncoder().encode("{}") as Uint8Array<ArrayBuffer>);
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: config, size: 2 },
    layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer })),
    ...more,
  });
  const headers = { "Content-Type": manifestType };
  const digest = sha256(text);
  const place = reference === "" ? digest : reference;
  const answer = await test.call("PUT", `/v2/${repository}/manifests/${place}`, { body: text, headers });
  return { digest, answer, text };
}

/** Status and code of an error. */
export async function failure(answer: Response): Promise<[number, string]> {
  const { errors } = (await answer.json()) as { errors: { code: string }[] };
  return [answer.status, errors[0]?.code ?? ""];
}
