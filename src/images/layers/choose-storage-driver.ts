/** Which form layers get on this host: found out by mounting one, once per boot, never by the kernel's version. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError, errorText } from "../../base/errors.ts";
import { writeTar } from "../archive/tar-writer.ts";
import type { ImageMounts, Jobs } from "../dependencies.ts";
import { openFileStore } from "../store/file-store.ts";
import type { SnapshotterName } from "./snapshotter.ts";

export type StorageChoice = {
  driver: SnapshotterName;
  /** Why, for people. */
  detail: string;
};

type Options = {
  home: string;
  jobs: Jobs;
  mounts: ImageMounts;
  /** The setting `storageDriver`. */
  asked: "auto" | SnapshotterName;
  /** What was found is remembered for as long as this stays the same: kernel and native core. */
  stamp: string;
};

export async function chooseStorageDriver(options: Options): Promise<StorageChoice> {
  const { asked } = options;
  if (asked === "overlayfs") return { driver: "overlayfs", detail: "chosen by the setting storageDriver" };
  const obstacle = await remember(options, () => findObstacle(options));
  if (obstacle === null) return { driver: "erofs", detail: "every file once, one mount per image" };
  if (asked === "auto") return { driver: "overlayfs", detail: `the driver erofs does not work here: ${obstacle}` };
  throw new EngineError({
    code: "image.storage_driver",
    kind: "unsupported",
    message: `Cannot use the storage driver erofs: ${obstacle}`,
    hint: "it takes root and Linux 6.16 or newer with EROFS; set storageDriver to auto or overlayfs in config.json",
  });
}

async function remember({ home, stamp }: Options, find: () => Promise<string | null>): Promise<string | null> {
  const path = join(home, "cache", "storage-driver.json");
  try {
    const seen = JSON.parse(readFileSync(path, "utf8")) as { stamp?: unknown; obstacle?: unknown };
    if (seen.stamp === stamp && (seen.obstacle === null || typeof seen.obstacle === "string")) return seen.obstacle;
  } catch {
    // Nothing was found out yet.
  }
  const obstacle = await find();
  mkdirSync(join(home, "cache"), { recursive: true });
  writeFileSync(path, JSON.stringify({ stamp, obstacle }));
  return obstacle;
}

const content = "what an object gives to a file\n";

/** Null when a file of a mounted image has the content of its object; else what stood in the way. */
export async function findObstacle({ home, jobs, mounts }: Pick<Options, "home" | "jobs" | "mounts">) {
  const place = mkdtempSync(join(home, "probe-"));
  const image = join(place, "image.erofs");
  try {
    const files = openFileStore({ home: place, jobs, limits: { maxBytes: 1 << 20, maxEntries: 10, maxRatio: 100 } });
    const tar = writeTar([
      { name: "d/", directory: true },
      { name: "d/file", bytes: new TextEncoder().encode(content) },
    ]);
    const never = new AbortController().signal;
    const { diffId } = await files.ingest({ chunks: tar }, { expectedDigest: null, signal: never });
    await files.compose([diffId], image);
    const out = join(place, "out");
    mkdirSync(out);
    const root = { lowers: [await mounts.mount(image)], data: [files.objects] };
    await jobs.run({ t: "copyUp", root, path: "/d", dest: out });
    return readFileSync(join(out, "file"), "utf8") === content ? null : "a file has not the content of its object";
  } catch (error) {
    return errorText(error);
  } finally {
    await mounts.unmount(image).catch(() => undefined);
    rmSync(place, { recursive: true, force: true });
  }
}
