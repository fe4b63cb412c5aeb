import type { Migration } from "../../state/index.ts";

export const containerMigrations: readonly Migration[] = [
  {
    id: "containers.1",
    sql: `CREATE TABLE containers (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      spec TEXT NOT NULL,
      state TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`,
  },
];
