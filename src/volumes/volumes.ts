/**
 * Local volumes: `volumes/<name>/_data` and a row. The directory is there before the row, and goes before it: a row
 * without a directory, or an empty directory without a row, is what a crash left, and `sweep` ends it.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createObjectId, createShortId } from "../base/ids.ts";
import type { Database, Events, Migration, Row } from "../state/index.ts";
import type { Jobs } from "./dependencies.ts";
import { badOption, noSuchVolume, optionsDiffer, volumeInUse } from "./errors.ts";
import { anonymousLabel, checkName, parseDriver, type VolumeRequest } from "./schema.ts";

const migrations: readonly Migration[] = [
  {
    id: "volumes.1",
    sql: `CREATE TABLE volumes (
      name TEXT PRIMARY KEY,
      labels TEXT NOT NULL,
      options TEXT NOT NULL,
      -- Host directory of a bind volume.
      device TEXT,
      created_ms INTEGER NOT NULL
    ) STRICT`,
  },
];

export type Volume = {
  name: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** What containers mount. */
  path: string;
  /** The data are ours to remove. */
  owned: boolean;
  createdMs: number;
};

export type Volumes = {
  list(): Volume[];
  /** Throws Docker's "no such volume". */
  get(name: string): Volume;
  find(name: string): Volume | null;
  /** Finds or creates. */
  ensure(request: VolumeRequest): Volume;
  /** Refuses while held. The name is free at once; resolves when the files are gone. */
  remove(name: string): Promise<void>;
  /** While held, a volume cannot be removed. Both are idempotent per container. */
  hold(name: string, containerId: string): void;
  release(name: string, containerId: string): void;
  holdersOf(name: string): readonly string[];
  /** Disk use of its data; 0 where they are not ours. */
  sizeBytes(volume: Volume, signal?: AbortSignal): Promise<number>;
  /** At start: ends what a crash left. Answers how many leftovers went. */
  sweep(): Promise<number>;
  readonly drafts: string;
  readonly jobs: Jobs;
  readonly events: Events;
  now(): number;
};

export type VolumesDeps = { home: string; db: Database; jobs: Jobs; events: Events; now?: () => number };

export function openVolumes({ home, db, jobs, events, now = Date.now }: VolumesDeps): Volumes {
  db.migrate(migrations);
  const root = join(home, "volumes");
  const drafts = join(root, ".drafts");
  mkdirSync(drafts, { recursive: true, mode: 0o700 });
  const holders = new Map<string, Set<string>>();
  const directory = (name: string) => join(root, name);
  const fromRow = (row: Row): Volume => ({
    name: String(row.name),
    labels: JSON.parse(String(row.labels)),
    options: JSON.parse(String(row.options)),
    path: row.device === null ? join(directory(String(row.name)), "_data") : String(row.device),
    owned: row.device === null,
    createdMs: Number(row.created_ms),
  });
  const find = (name: string): Volume | null => {
    const row = db.prepare("SELECT * FROM volumes WHERE name = ?").get(name);
    return row && fromRow(row);
  };
  const get = (name: string): Volume => {
    const volume = find(name);
    if (!volume) throw noSuchVolume(name);
    return volume;
  };
  const publish = (action: string, name: string) =>
    events.publish({ type: "volume", action, id: name, attributes: { driver: "local" } });
  const list = () => db.prepare("SELECT * FROM volumes ORDER BY name").all().map(fromRow);

  const create = (name: string, request: VolumeRequest, device: string | null): Volume => {
    if (device !== null && !(statSync(device, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
      throw badOption(name, `the device ${device} is not a directory`);
    }
    mkdirSync(join(directory(name), "_data"), { recursive: true, mode: 0o755 });
    const labels = request.name === null ? { [anonymousLabel]: "", ...request.labels } : request.labels;
    db.prepare("INSERT INTO volumes (name, labels, options, device, created_ms) VALUES (?, ?, ?, ?, ?)").run(
      name,
      JSON.stringify(labels),
      JSON.stringify(request.driverOptions),
      device,
      now(),
    );
    publish("create", name);
    return get(name);
  };
  return {
    list,
    get,
    find,
    ensure(request) {
      const name = request.name ?? createObjectId();
      checkName(name);
      const device = parseDriver(name, request);
      const existing = find(name);
      if (!existing) return create(name, request, device);
      if (Object.keys(request.driverOptions).length > 0 && !sameOptions(existing.options, request.driverOptions)) {
        throw optionsDiffer(name);
      }
      return existing;
    },
    async remove(name) {
      get(name);
      const users = holders.get(name);
      if (users) throw volumeInUse(name, [...users]);
      const draft = join(drafts, createShortId());
      if (existsSync(directory(name))) renameSync(directory(name), draft);
      db.prepare("DELETE FROM volumes WHERE name = ?").run(name);
      publish("destroy", name);
      if (existsSync(draft)) await jobs.run({ t: "removeTree", path: draft });
    },
    hold(name, containerId) {
      const set = holders.get(name);
      if (set) set.add(containerId);
      else holders.set(name, new Set([containerId]));
    },
    release(name, containerId) {
      const set = holders.get(name);
      if (set?.delete(containerId) && set.size === 0) holders.delete(name);
    },
    holdersOf: (name) => [...(holders.get(name) ?? [])],
    async sizeBytes(volume, signal) {
      if (!volume.owned) return 0;
      return Number((await jobs.run({ t: "usage", path: volume.path }, { signal })).sizeBytes);
    },
    async sweep() {
      let swept = 0;
      for (const entry of readdirSync(drafts)) {
        await jobs.run({ t: "removeTree", path: join(drafts, entry) });
        swept++;
      }
      const known = new Set(list().map((volume) => volume.name));
      for (const name of known) {
        if (existsSync(directory(name))) continue;
        db.prepare("DELETE FROM volumes WHERE name = ?").run(name);
        swept++;
      }
      for (const name of readdirSync(root)) {
        if (name !== ".drafts" && !known.has(name) && removeIfEmpty(directory(name))) swept++;
      }
      return swept;
    },
    drafts,
    jobs,
    events,
    now,
  };
}

function sameOptions(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Data that nobody knows are not removed: they may be worth something. */
function removeIfEmpty(path: string): boolean {
  const data = join(path, "_data");
  try {
    if (existsSync(data)) rmdirSync(data);
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
