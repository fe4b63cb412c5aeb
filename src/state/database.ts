/**
 * The durable truth for everything with a name: SQLite in WAL mode. The only file that touches `bun:sqlite`.
 * The database is held exclusively, which makes it the daemon's lock on its home: the kernel lets go of it with the
 * process, however that ends, and the log's index needs no shared memory.
 */
import { constants, type SQLQueryBindings, Database as Sqlite } from "bun:sqlite";
import { EngineError } from "../base/errors.ts";
import { createDiskReserve, noReserve } from "./disk-reserve.ts";

const growthBytes = 256 * 1024;

/** A migration runs once, in order of `id` within its feature; ids are never reused. */
export type Migration = { id: string; sql: string };

export type Row = Record<string, string | number | bigint | null | Uint8Array>;
export type Bindings = SQLQueryBindings[];

export type Statement = {
  run(...bindings: Bindings): void;
  get(...bindings: Bindings): Row | null;
  all(...bindings: Bindings): Row[];
};

export type Database = Disposable & {
  /** Prepared and cached by text. */
  prepare(sql: string): Statement;
  /** Runs `work` in one immediate transaction. */
  transaction<T>(work: () => T): T;
  migrate(migrations: readonly Migration[]): void;
};

/** Opens and locks `path`. Throws `state.locked` when another process holds it; writes throw `state.disk_full`. */
export function openDatabase(path: string): Database {
  const reserve = path === ":memory:" ? noReserve : createDiskReserve(`${path}.reserve`);
  const db = openLocked(path, () => reserve.give());
  // A crash of the process loses nothing with NORMAL; a power cut may lose the last commits but never corrupts.
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA cache_size = -1024");
  // Grows in pieces, so that a change finds room in the file that a full disk has no more of.
  db.fileControl(constants.SQLITE_FCNTL_CHUNK_SIZE, growthBytes);
  // The write-ahead log stays when the database is closed: on a full disk the next daemon could not make it again.
  db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
  db.run("CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY) STRICT");
  reserve.restore();
  let open = true;

  /**
   * On a full disk: again with the reserve's space and the write-ahead log from its beginning. That is for recording what changed
   * or went. What is new is refused until there is room, or it would use up what removing needs.
   */
  let grew = false;
  const write = <T>(work: () => T): T => {
    if (db.inTransaction) return work();
    grew = false;
    try {
      return work();
    } catch (error) {
      if (!isFull(error)) throw error;
      return writeOnFullDisk(work, path, () => !grew && reserve.give(), db);
    } finally {
      reserve.restore();
    }
  };
  return {
    prepare(sql) {
      const query = db.query<Row, Bindings>(sql);
      const grows = /^\s*INSERT/i.test(sql);
      const run = (bindings: Bindings): void => {
        if (grows) {
          grew = true;
          if (reserve.lacking()) throw diskFull(path, null);
        }
        query.run(...bindings);
      };
      return {
        run: (...bindings) => write(() => run(bindings)),
        get: (...bindings) => query.get(...bindings),
        all: (...bindings) => query.all(...bindings),
      };
    },
    transaction: (work) => write(() => db.transaction(work).immediate()),
    migrate(migrations) {
      for (const { id, sql } of migrations) {
        write(() =>
          db
            .transaction(() => {
              if (db.query("SELECT 1 FROM migrations WHERE id = ?").get(id)) return;
              db.run(sql);
              db.run("INSERT INTO migrations (id) VALUES (?)", [id]);
            })
            .immediate(),
        );
      }
    },
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      db.close();
    },
  };
}

function openLocked(path: string, giveReserve: () => boolean): Sqlite {
  const db = new Sqlite(path, { create: true, strict: true });
  try {
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
    db.run("BEGIN EXCLUSIVE");
    db.run("COMMIT");
    return db;
  } catch (cause) {
    db.close();
    const text = cause instanceof Error ? cause.message : "";
    if (!/locked|busy/i.test(text) && giveReserve()) return openLocked(path, giveReserve);
    throw isFull(cause) ? diskFull(path, cause) : cannotOpen(path, cause);
  }
}

function writeOnFullDisk<T>(work: () => T, path: string, giveReserve: () => boolean, db: Sqlite): T {
  for (let last = false; ; last = !giveReserve()) {
    try {
      db.run("PRAGMA wal_checkpoint(RESTART)");
      return work();
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      if (last) throw diskFull(path, cause);
    }
  }
}

/** What SQLite says when it cannot write, or cannot make a file beside the database. */
function isFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR");
}

function diskFull(path: string, cause: unknown): EngineError {
  const full = !(cause instanceof Error && "code" in cause) || cause.code === "SQLITE_FULL";
  return new EngineError({
    code: full ? "state.disk_full" : "state.disk_error",
    kind: "resource_exhausted",
    message: `Cannot record the change in ${path}: ${full ? "no space left on device" : "the disk does not take it"}`,
    hint: full
      ? "free space, for example with `hbx system prune`, and try again"
      : "look at the disk and the kernel's log",
    cause,
  });
}

function cannotOpen(path: string, cause: unknown): EngineError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const locked = /locked|busy/i.test(text);
  return new EngineError({
    code: locked ? "state.locked" : "state.unusable",
    kind: locked ? "conflict" : "internal",
    message: `Cannot open ${path}: ${locked ? "another daemon uses it" : text}`,
    hint: locked
      ? "use that daemon, or give this one a HYPERBOX_HOME of its own"
      : "look at the disk, or restore the file from a backup",
    cause,
  });
}
