/** The filtered sockets of a daemon: a row each, a server each, open as long as the daemon runs. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, createApiServer, type Route } from "../api/index.ts";
import type { Logger } from "../base/log.ts";
import type { Database } from "../state/index.ts";
import type { Objects } from "./dependencies.ts";
import { badSocket, noSuchSocket, socketExists } from "./errors.ts";
import { filteredRoutes } from "./filter/filtered-routes.ts";
import { createReservations } from "./filter/reservations.ts";
import type { SocketBody, SocketLimits } from "./schema.ts";

export type SocketsDeps = { db: Database; home: string; logger: Logger; objects: Objects };

export type Sockets = AsyncDisposable & {
  list(): SocketBody[];
  create(request: SocketLimits & { Name: string }): Promise<SocketBody>;
  /** Ends its connections. Its containers stay, and are the next socket's of that name. */
  remove(name: string): Promise<void>;
  /** Opens those of the database. Once, when all routes are known. */
  open(routes: readonly Route[]): Promise<void>;
};

/** sockaddr_un holds 108 bytes with its NUL. */
const longestPath = 107;

const migrations = [
  { id: "sockets-1", sql: "CREATE TABLE sockets (name TEXT PRIMARY KEY, limits TEXT NOT NULL) STRICT" },
];

export function createSockets({ db, home, logger, objects }: SocketsDeps): Sockets {
  db.migrate(migrations);
  const root = join(home, "sockets");
  const servers = new Map<string, ApiServer>();
  let routes: readonly Route[] = [];

  const directory = (name: string): string => join(root, name);
  const body = (name: string, limits: SocketLimits): SocketBody => ({
    ...{ Name: name, Path: join(directory(name), "docker.sock") },
    ...limits,
  });
  const listen = async (name: string, limits: SocketLimits): Promise<SocketBody> => {
    // The directory is the owner's alone; inside a sandbox, where only the socket is seen, any user may speak to it.
    mkdirSync(directory(name), { recursive: true, mode: 0o700 });
    const made = body(name, limits);
    const filter = { socket: name, limits, objects, reservations: createReservations() };
    const server = createApiServer(filteredRoutes(routes, filter), logger);
    await server.listen(made.Path);
    chmodSync(made.Path, 0o666);
    servers.set(name, server);
    return made;
  };
  const rows = (): { name: string; limits: SocketLimits }[] =>
    db
      .prepare("SELECT name, limits FROM sockets ORDER BY name")
      .all()
      .map(({ name, limits }) => ({ name: String(name), limits: JSON.parse(String(limits)) as SocketLimits }));

  return {
    list: () => rows().map(({ name, limits }) => body(name, limits)),
    async create({ Name, ...limits }) {
      if (rows().some(({ name }) => name === Name)) throw socketExists(Name);
      if (Buffer.byteLength(body(Name, limits).Path) > longestPath) {
        throw badSocket("Name", "shorter: the path of a socket has room for 107 bytes");
      }
      // The row first: what has one is opened again after a crash, and a second request of the name sees it.
      db.prepare("INSERT INTO sockets (name, limits) VALUES (?, ?)").run(Name, JSON.stringify(limits));
      try {
        return await listen(Name, limits);
      } catch (error) {
        db.prepare("DELETE FROM sockets WHERE name = ?").run(Name);
        throw error;
      }
    },
    async remove(name) {
      const server = servers.get(name);
      if (!server) throw noSuchSocket(name);
      servers.delete(name);
      db.prepare("DELETE FROM sockets WHERE name = ?").run(name);
      await server[Symbol.asyncDispose]();
      rmSync(directory(name), { recursive: true, force: true });
    },
    async open(all) {
      routes = all;
      for (const { name, limits } of rows()) {
        // One that can't be opened must not keep the daemon from all else.
        await listen(name, limits).catch((error: unknown) => {
          logger.log("error", "socket.open", { name, error: String(error) });
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...servers.values()].map((server) => server[Symbol.asyncDispose]()));
      servers.clear();
    },
  };
}
