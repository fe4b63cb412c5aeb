/**
 * All containers: a map in memory is what is read, a row each in the database is what survives. Writes are one small
 * statement; those that a later daemon could find out by itself are put off and done together (`saveSoon`).
 */
import { EngineError } from "../../base/errors.ts";
import type { ContainerId } from "../../base/ids.ts";
import type { Database } from "../../state/index.ts";
import type { Clock } from "../dependencies.ts";
import { nameInUse } from "../errors.ts";
import { type Container, createContainer } from "../model/container.ts";
import { findContainer } from "./find.ts";

export type Store = Disposable & {
  readonly all: ReadonlyMap<string, Container>;
  /** By id, name or unambiguous id prefix. Throws Docker's 404 or 400. */
  find(ref: string): Container;
  byName(name: string): Container | undefined;
  /** Reserves the name, or throws the conflict. */
  add(container: Container): void;
  rename(container: Container, name: string): void;
  save(container: Container): void;
  /** Of one that runs already: a full disk puts the record off, it does not fail the start. */
  saveRunning(container: Container): void;
  /** With what was asked at create, after an update changed that. */
  saveWhole(container: Container): void;
  saveSoon(container: Container): void;
  remove(container: Container): void;
  /** Reads what an earlier daemon left. Rows that cannot be read are reported and left alone. */
  load(onBroken: (id: string, error: unknown) => void): void;
};

const putOffMs = 20;
/** After a full disk. */
const retryMs = 1000;

export function createStore(db: Database, clock: Clock): Store {
  const all = new Map<string, Container>();
  const names = new Map<string, Container>();
  const dirty = new Set<Container>();
  let timer: Disposable | null = null;
  let closed = false;
  const insert = db.prepare(
    "INSERT INTO containers (id, name, spec, state) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, spec = excluded.spec, state = excluded.state",
  );
  const update = db.prepare("UPDATE containers SET state = ? WHERE id = ?");
  const updateName = db.prepare("UPDATE containers SET name = ? WHERE id = ?");
  const erase = db.prepare("DELETE FROM containers WHERE id = ?");

  const save = (container: Container): void => {
    dirty.delete(container);
    if (container.persisted) {
      update.run(JSON.stringify(container.state), container.id);
      return;
    }
    const { createdAtMs, imageId, config, hostConfig, networking, mounts } = container;
    const spec = { createdAtMs, imageId, config, hostConfig, networking, mounts };
    insert.run(container.id, container.name, JSON.stringify(spec), JSON.stringify(container.state));
    container.persisted = true;
  };
  const flush = (): void => {
    timer?.[Symbol.dispose]();
    timer = null;
    if (dirty.size === 0) return;
    const waiting = [...dirty];
    try {
      db.transaction(() => {
        for (const container of waiting) save(container);
      });
    } catch (error) {
      // A later daemon finds out by itself; this one tries again.
      if (!(error instanceof EngineError)) throw error;
      for (const container of waiting) if (all.has(container.id)) dirty.add(container);
      if (!closed) timer = clock.after(retryMs, flush);
    }
  };
  const saveSoon = (container: Container): void => {
    if (!all.has(container.id)) return;
    dirty.add(container);
    timer ??= clock.after(putOffMs, flush);
  };
  const reserve = (name: string): void => {
    const holder = names.get(name);
    if (holder) throw nameInUse(name, holder.id);
  };
  return {
    all,
    find: (ref) => findContainer(all, names, ref),
    byName: (name) => names.get(name),
    add(container) {
      reserve(container.name);
      all.set(container.id, container);
      names.set(container.name, container);
    },
    rename(container, name) {
      reserve(name);
      if (container.persisted) updateName.run(name, container.id);
      names.delete(container.name);
      names.set(name, container);
      container.name = name;
    },
    save,
    saveWhole(container) {
      container.persisted = false;
      save(container);
    },
    saveSoon,
    saveRunning(container) {
      try {
        save(container);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        saveSoon(container);
      }
    },
    remove(container) {
      if (container.persisted) erase.run(container.id);
      container.persisted = false;
      dirty.delete(container);
      all.delete(container.id);
      if (names.get(container.name) === container) names.delete(container.name);
    },
    load(onBroken) {
      for (const row of db.prepare("SELECT id, name, spec, state FROM containers").all()) {
        const id = String(row.id) as ContainerId;
        try {
          const spec = JSON.parse(String(row.spec));
          const record = { id, name: String(row.name), ...spec, state: JSON.parse(String(row.state)) };
          const container = createContainer(record);
          container.persisted = true;
          all.set(id, container);
          names.set(container.name, container);
        } catch (error) {
          onBroken(id, error);
        }
      }
    },
    [Symbol.dispose]() {
      closed = true;
      flush();
    },
  };
}
