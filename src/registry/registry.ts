/** The feature: repositories over the image store, and the servers that show them. */
import { EngineError, errorText } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { type Images, openKeptManifests } from "../images/index.ts";
import type { Database } from "../state/index.ts";
import { createContents } from "./content/contents.ts";
import { openLocalImages } from "./content/local-images.ts";
import { openUploads } from "./content/uploads.ts";
import type { ServerBody } from "./schema.ts";
import { openPackageIndex } from "./search/package-index.ts";
import { createSearch, type Search } from "./search/search.ts";
import { formatAddress, isLoopback, parseServerOptions, type ServerOptions } from "./server/options.ts";
import type { RunningServer } from "./server/start-server.ts";
import type { RegistryTable } from "./table.ts";
import type { RequestLine } from "./wire/handle.ts";

export type Registry = AsyncDisposable & {
  /** Starts the servers that were kept, and ends what a crash left. */
  restore(): Promise<void>;
  /** `keep`: it is started again with the daemon. */
  serve(body: unknown, options: { keep: boolean; onRequest?: (line: RequestLine) => void }): Promise<Serving>;
  servers(): ServerBody[];
  /** By `host:port` or the port alone; throws where there is none. */
  stop(address: string): Promise<void>;
  /** Over what was pushed and the images of this host. */
  readonly search: Search;
  prune(olderThanMs: number): { blobs: number; uploads: number; freedBytes: number };
};

export type Serving = {
  body: ServerBody;
  /** Resolves when it was stopped, by whomever. */
  ended: Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
};

export type RegistryDeps = {
  home: string;
  db: Database;
  images: Images;
  table: RegistryTable;
  logger: Logger;
  now?: () => number;
};

type Entry = {
  address: string;
  options: ServerOptions;
  kept: boolean;
  server: RunningServer | null;
  error: string;
  ended: PromiseWithResolvers<void>;
};

/** An upload that nobody went on with for so long has ended. */
export const uploadLifetimeMs = 24 * 3600_000;
const expiryPeriodMs = 3600_000;

export function createRegistry({ home, db, images, table, logger, now = Date.now }: RegistryDeps): Registry {
  const entries = new Map<string, Entry>();
  let ours: ReadonlySet<string> = new Set();
  const uploads = openUploads({ home, db, images, now });
  const pushed = createContents({ images, table, now }, null);
  const all = createContents(
    { images, table, now },
    openLocalImages(images, openKeptManifests(db), () => ours),
  );
  const packages = openPackageIndex(db, images);
  const searchAll = createSearch(all, packages);
  const searchPushed = createSearch(pushed, packages);
  let timer: NodeJS.Timeout | undefined;

  const changed = () => {
    const listening = [...entries.values()].filter(({ server }) => server !== null);
    ours = new Set(
      listening.flatMap(({ address, server }) => [address, `localhost:${server?.port}`, `127.0.0.1:${server?.port}`]),
    );
    clearInterval(timer);
    if (listening.length === 0) return;
    timer = setInterval(() => uploads.expire(now() - uploadLifetimeMs), expiryPeriodMs);
    timer.unref();
  };
  const start = async (options: ServerOptions, onRequest: (line: RequestLine) => void): Promise<RunningServer> => {
    const { startServer } = await import("./server/start-server.ts");
    const shown = options.localImages
      ? { contents: all, search: searchAll }
      : { contents: pushed, search: searchPushed };
    return startServer({ ...shown, images, uploads, logger, onRequest }, options);
  };
  const logRequest = (line: RequestLine) => logger.log("debug", "registry.request", line);
  const end = async (entry: Entry) => {
    if (entries.get(entry.address) !== entry) return;
    entries.delete(entry.address);
    await entry.server?.[Symbol.asyncDispose]();
    changed();
    entry.ended.resolve();
  };
  const find = (text: string): Entry => {
    const port = /^\d+$/.test(text) ? [...entries.values()].filter(({ address }) => address.endsWith(`:${text}`)) : [];
    const entry = entries.get(text) ?? entries.get(text.replace(/^localhost:/, "127.0.0.1:")) ?? port[0];
    if (entry) return entry;
    throw new EngineError({
      ...{ code: "registry.no_server", kind: "not_found", hint: "`hbx registry ls` lists those that serve" },
      message: `Cannot find a registry server on ${text}: none was started there`,
    });
  };
  return {
    async restore() {
      uploads.expire(now() - uploadLifetimeMs);
      for (const row of db.prepare("SELECT address, options FROM registry_servers ORDER BY address").all()) {
        const address = String(row.address);
        const ended = Promise.withResolvers<void>();
        let entry: Entry | undefined;
        try {
          const options = parseServerOptions(JSON.parse(String(row.options)));
          entry = { address, options, kept: true, server: null, error: "", ended };
          entries.set(address, entry);
          entry.server = await start(options, logRequest);
        } catch (error) {
          if (entry) entry.error = errorText(error);
          logger.log("error", "registry.serve", { address, error: errorText(error) });
        }
      }
      changed();
    },
    async serve(body, { keep, onRequest = logRequest }) {
      const options = parseServerOptions(body);
      const before = entries.get(formatAddress(options.host, options.port));
      if (before?.server === null) await end(before); // it could not listen: this is another try
      const server = await start(options, onRequest);
      const { address } = server;
      const entry: Entry = {
        ...{ address, options: { ...options, port: server.port }, kept: keep, server, error: "" },
        ended: Promise.withResolvers<void>(),
      };
      entries.set(address, entry);
      changed();
      if (keep) {
        const kept = JSON.stringify({ ...(body as object | undefined), Listen: address });
        db.prepare("INSERT OR REPLACE INTO registry_servers VALUES (?, ?)").run(address, kept);
      }
      logger.log("info", "registry.serve", { address, keep });
      return { body: bodyOf(entry), ended: entry.ended.promise, stop: () => end(entry) };
    },
    servers: () => [...entries.values()].map(bodyOf),
    async stop(address) {
      const entry = find(address);
      db.prepare("DELETE FROM registry_servers WHERE address = ?").run(entry.address);
      await end(entry);
      logger.log("info", "registry.stop", { address: entry.address });
    },
    search: searchAll,
    prune(olderThanMs) {
      const before = now() - olderThanMs;
      const ended = uploads.expire(before);
      const pruned = pushed.prune(before);
      images.chunks.sweep();
      packages.forget((content) => !images.store.blobs.has(content));
      return { ...pruned, uploads: ended };
    },
    async [Symbol.asyncDispose]() {
      for (const entry of [...entries.values()]) await end(entry);
    },
  };
}

function bodyOf({ address, options, kept, server, error }: Entry): ServerBody {
  const { host, tls, htpasswd, tokens, service, anonymousRead, readOnly, localImages } = options;
  const auth = [htpasswd && "htpasswd", tokens && "tokens", service && "token service"].filter(Boolean).join(", ");
  const Warnings: string[] = [];
  if (!isLoopback(host)) {
    if (auth === "")
      Warnings.push(
        `everybody who reaches ${address} can pull${readOnly ? "" : ", push and delete"}: no credentials are asked for`,
      );
    else if (!tls) Warnings.push(`credentials travel to ${address} in the clear: no TLS`);
  }
  return {
    ...{ Address: address, Url: `${tls ? "https" : "http"}://${address}`, Kept: kept, Error: error },
    State: server ? "listening" : "failed",
    ...{ Auth: auth || "none", Tls: tls !== null, AnonymousRead: anonymousRead, ReadOnly: readOnly },
    ...{ LocalImages: localImages, Warnings },
  };
}
