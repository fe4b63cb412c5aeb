/**
 * The durable truth for everything with a name: SQLite in WAL mode. The only file that touches `bun:sqlite`.
 * The database is held exclusively, which makes it the daemon's lock on its home: the kernel lets go of it with the
 * process, however that ends, and the log's index needs no shared memory.
 */
import { type SQLQueryBindings, Database as Sqlite } from "bun:sqlite";
import { EngineError } from "../base/errors.ts";

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

/** Opens and locks `path`. Throws `state.locked` when another process holds it. */
export function openDatabase(path: string): Database {
  const db = new Sqlite(path, { create: true, strict: true });
  try {
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
    db.run("BEGIN EXCLUSIVE");
    db.run("COMMIT");
  } catch (cause) {
    db.close();
    throw cannotOpen(path, cause);
  }
  // A crash of the process loses nothing with NORMAL; a power cut may lose the last commits but never corrupts.
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA cache_size = -1024");
  db.run("CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY) STRICT");
  let open = true;
  return {
    prepare(sql) {
      const query = db.query<Row, Bindings>(sql);
      return {
        run: (...bindings) => void query.run(...bindings),
        get: (...bindings) => query.get(...bindings),
        all: (...bindings) => query.all(...bindings),
      };
    },
    transaction: (work) => db.transaction(work).immediate(),
    migrate(migrations) {
      for (const { id, sql } of migrations) {
        db.transaction(() => {
          if (db.query("SELECT 1 FROM migrations WHERE id = ?").get(id)) return;
          db.run(sql);
          db.run("INSERT INTO migrations (id) VALUES (?)", [id]);
        }).immediate();
      }
    },
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      db.close();
    },
  };
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
