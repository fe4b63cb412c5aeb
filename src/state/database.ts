/** The durable truth for everything with a name: SQLite in WAL mode. The only file that touches `bun:sqlite`. */
import { Database as Sqlite, type SQLQueryBindings } from "bun:sqlite";

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

export function openDatabase(path: string): Database {
  const db = new Sqlite(path, { create: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  // A crash of the process loses nothing with NORMAL; a power cut may lose the last commits but never corrupts.
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA busy_timeout = 5000");
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
