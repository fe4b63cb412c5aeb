import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { parseReference } from "../../reference/reference.ts";
import { compress, configOf, dockerArchive, tarOf } from "../../testing/archives.ts";
import type { TestImages } from "../../testing/open-test-images.ts";
import { tagImage } from "../../verbs/tag.ts";
import { anonymous } from "../auth/credentials.ts";
import { addImage, noise, openPullHome, pullFrom } from "../testing/pull-from.ts";
import { openTestRegistry, type TestRegistry } from "../testing/test-registry.ts";
import { pushImages } from "./push.ts";

/** Takes uploads as registries do: sessions, chunks, mounts. */
function acceptPushes(registry: TestRegistry, { breakAt = -1, mounts = true } = {}): { chunks: number } {
  const uploads = new Map<string, Buffer>();
  const state = { chunks: 0 };
  registry.before = async ({ request, response, path, method }) => {
    const url = new URL(request.url ?? "/", "http://x");
    const reply = (status: number, headers: Record<string, string> = {}) =>
      Boolean(response.writeHead(status, headers).end());
    const body = async () => Buffer.from(await new Response(request as never).arrayBuffer());
    if (method === "POST") {
      const mount = url.searchParams.get("mount");
      if (mount !== null && mounts && registry.blobs.has(mount)) return reply(201);
      const id = `u${uploads.size}`;
      uploads.set(id, Buffer.alloc(0));
      return reply(202, { Location: `/v2/uploads/${id}` });
    }
    const id = /uploads\/(u\d+)$/.exec(path)?.[1];
    if (id !== undefined) {
      const have = uploads.get(id) ?? Buffer.alloc(0);
      const location = { Location: `/v2/uploads/${id}`, Range: `0-${have.byteLength - 1}` };
      if (method === "GET") return reply(204, location);
      if (method === "PATCH" && state.chunks++ === breakAt) {
        request.socket.destroy();
        return true;
      }
      const grown = Buffer.concat([have, await body()]);
      uploads.set(id, grown);
      if (method === "PATCH") return reply(202, { ...location, Range: `0-${grown.byteLength - 1}` });
      const digest = `sha256:${createHash("sha256").update(grown).digest("hex")}`;
      if (digest !== url.searchParams.get("digest")) return reply(400);
      registry.blobs.set(digest, grown);
      return reply(201);
    }
    const name = /\/manifests\/(.+)$/.exec(path)?.[1];
    if (method === "PUT" && name !== undefined) {
      const stored = registry.addManifest((await body()).toString(), request.headers["content-type"] ?? "", name);
      return reply(201, { "Docker-Content-Digest": stored.digest });
    }
    return false;
  };
  return state;
}

async function push(at: TestImages, name: string): Promise<string[]> {
  const lines: string[] = [];
  const progress = {
    send: ({ status = "", id = "" }) => {
      lines.push(id === "" ? status : `${id}: ${status}`);
      return Promise.resolve();
    },
  };
  const signal = new AbortController().signal;
  await pushImages(at.images, await at.images.registries(), parseReference(name), {
    credentials: anonymous,
    progress,
    signal,
  });
  return lines;
}

const statuses = (lines: readonly string[]) => lines.flatMap((line) => /^[0-9a-f]{12}: (.*)$/.exec(line)?.[1] ?? []);

test.each(["gzip", "zstd", "none"] as const)(
  "a push of a pulled image of %s layers has the digest of the pull",
  async (compression) => {
    await using from = await openTestRegistry();
    await using to = await openTestRegistry();
    using at = openPullHome();
    const { digest } = addImage(from, [{ a: "b" }, { big: noise(300_000) }], { compression });
    await pullFrom(at, { name: `${from.host}/a` });
    at.reopen();
    const image = at.images.store.find(`${from.host}/a`);
    tagImage(at.images, image.id, parseReference(`${to.host}/new/b:2`));
    acceptPushes(to);
    const lines = await push(at, `${to.host}/new/b:2`);
    expect(lines[0]).toBe(`The push refers to repository [${to.host}/new/b]`);
    expect(lines).toContain(`2: digest: ${digest} size: ${from.manifests.get(digest)?.bytes.byteLength}`);
    expect(to.manifests.get("2")?.bytes).toEqual(from.manifests.get(digest)?.bytes as Buffer);
    expect(at.images.store.find(`${to.host}/new/b@${digest}`).id).toBe(image.id);
    using again = openPullHome();
    expect(await pullFrom(again, { name: `${to.host}/new/b:2` })).toContain(`Digest: ${digest}`);
  },
);

test("a push sends what is missing, mounts what a neighbour has, and skips the rest", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  acceptPushes(registry);
  const base = Buffer.from(tarOf({ base: "x" }));
  await at.load(dockerArchive(["app:1"], [base, Buffer.from(tarOf({ app: "y" }))]));
  const { id } = at.images.store.find("app:1");
  tagImage(at.images, id, parseReference(`${registry.host}/one:1`));
  expect(statuses(await push(at, `${registry.host}/one:1`)).filter((status) => status === "Pushed").length).toBe(2);
  tagImage(at.images, id, parseReference(`${registry.host}/one:2`));
  const all = await push(at, `${registry.host}/one`);
  expect(statuses(all).filter((status) => status === "Layer already exists").length).toBe(4);
  expect(all.filter((line) => line.includes(": digest: ")).length).toBe(2);
  // Another repository: the registry of the test answers HEAD for all alike, so a blob is hidden from it.
  tagImage(at.images, id, parseReference(`${registry.host}/two:1`));
  const serve = registry.before;
  registry.before = (exchange) => {
    if (exchange.method !== "HEAD") return serve(exchange);
    exchange.response.writeHead(404).end();
    return true;
  };
  expect(statuses(await push(at, `${registry.host}/two:1`))).toContain("Mounted from one");
});

test("an upload that breaks goes on from where the registry stands", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome({ stallMs: 5000 });
  const state = acceptPushes(registry, { breakAt: 1 });
  const layer = Buffer.from(tarOf({ big: noise(12_000_000) }));
  await at.load(dockerArchive([`${registry.host}/big:1`], [layer]));
  await push(at, `${registry.host}/big:1`);
  expect(state.chunks).toBeGreaterThan(3);
  using again = openPullHome({ stallMs: 5000 });
  await pullFrom(again, { name: `${registry.host}/big:1` });
  expect(again.images.store.find(`${registry.host}/big:1`).file.diffIds).toEqual(
    JSON.parse(configOf([layer])).rootfs.diff_ids,
  );
  expect(compress(layer, "none").byteLength).toBe(layer.byteLength);
});

test("a push that is refused says so, and one of an unknown image finds none", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  await at.load(dockerArchive([`${registry.host}/a:1`], [Buffer.from(tarOf({ a: "b" }))]));
  registry.before = ({ response }) => Boolean(response.writeHead(403).end());
  await expect(push(at, `${registry.host}/a:1`)).rejects.toThrow("push access denied");
  await expect(push(at, `${registry.host}/a:2`)).rejects.toThrow("No such image");
});
