import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "./database.ts";

function temporary(): Disposable & { path: string } {
  const dir = mkdtempSync(join(tmpdir(), "hbx-db-"));
  return { path: join(dir, "state.db"), [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

test("openDatabase() runs each migration once and keeps rows", () => {
  using place = temporary();
  const migrations = [{ id: "t-1", sql: "CREATE TABLE t (name TEXT PRIMARY KEY) STRICT" }];
  {
    using db = openDatabase(place.path);
    db.migrate(migrations);
    db.prepare("INSERT INTO t VALUES (?)").run("a");
  }
  using db = openDatabase(place.path);
  db.migrate(migrations);
  expect(db.prepare("SELECT name FROM t").all()).toEqual([{ name: "a" }]);
});

test("transaction() takes everything back when its work throws", () => {
  using place = temporary();
  using db = openDatabase(place.path);
  db.migrate([{ id: "t-1", sql: "CREATE TABLE t (name TEXT) STRICT" }]);
  const insert = db.prepare("INSERT INTO t VALUES (?)");
  expect(() =>
    db.transaction(() => {
      insert.run("a");
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(db.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 0 });
});

test("openDatabase() refuses a database that another process holds", () => {
  using place = temporary();
  using _held = openDatabase(place.path);
  const script = `const { openDatabase } = await import(${JSON.stringify(join(import.meta.dirname, "database.ts"))}); openDatabase(process.argv[1]);`;
  const other = Bun.spawnSync([process.execPath, "-e", script, place.path]);
  expect(other.exitCode).not.toBe(0);
  expect(other.stderr.toString()).toContain("another daemon uses it");
});
