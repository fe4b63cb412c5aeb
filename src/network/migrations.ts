/** Tables of this feature in state.db. A row is written before its host object is made. */
import type { Migration } from "../state/index.ts";

export const networkMigrations: readonly Migration[] = [
  {
    id: "network.1",
    sql: `
      CREATE TABLE network_bridge (one INTEGER PRIMARY KEY CHECK (one = 1), subnet TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT;
      CREATE TABLE network_lease (address INTEGER PRIMARY KEY, released_ms INTEGER) STRICT;
      CREATE TABLE network_port (
        protocol TEXT NOT NULL, host_ip TEXT NOT NULL, host_port INTEGER NOT NULL,
        guest_ip TEXT NOT NULL, guest_port INTEGER NOT NULL, container_id TEXT NOT NULL,
        PRIMARY KEY (protocol, host_port, host_ip)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX network_port_container ON network_port (container_id);
      CREATE TABLE network_sysctl (path TEXT PRIMARY KEY, previous TEXT NOT NULL) STRICT, WITHOUT ROWID;
    `,
  },
  {
    id: "network.2",
    sql: `
      DROP TABLE network_bridge;
      DROP TABLE network_lease;
      CREATE TABLE network (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE network_address (
        network TEXT NOT NULL, address TEXT NOT NULL, holder TEXT NOT NULL, released_ms INTEGER NOT NULL,
        PRIMARY KEY (network, address)
      ) STRICT, WITHOUT ROWID;
    `,
  },
];
