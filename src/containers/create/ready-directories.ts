/**
 * Container directories made ahead: two directories and five files cost 1.5 ms on ext4 (p95 7 ms beside other work), a
 * rename 0.02 ms. A create takes a ready one; the pool is refilled a little later, off the event loop.
 */
import { closeSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { mkdir, statfs, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { spreadOnDisk } from "../../base/spread-on-disk.ts";
import type { Clock } from "../dependencies.ts";
import { containerPaths } from "../model/paths.ts";

export type ReadyDirectories = AsyncDisposable & {
  /** Makes `containers/<id>` with all that a start will need in it. */
  take(id: string): void;
};

/** Places far apart on disk that the directories are made in by turns. */
const shelves = 64;
const kept = 8;
const most = 64;
const refillDelayMs = 12;

/** Name to mode. The files are empty: a start writes into them, the shim into log and exit file. */
const directories = { upper: 0o755, work: 0o700 } as const;
const files = (id: string, home: string): string[] => {
  const { hosts, hostname, resolvConf, log, exitFile } = containerPaths(home, id);
  return [hosts, hostname, resolvConf, log, `${exitFile}.new`].map((path) => basename(path));
};

export function createReadyDirectories({ home, clock }: { home: string; clock: Clock }): ReadyDirectories {
  const root = `${home}/ready`;
  // Whatever an earlier daemon had ready: nobody knows whether it is whole.
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { mode: 0o700 });
  const names = files("", home);
  const shelved = new Set<string>();
  const spread = spreadOnDisk(root);
  const ready: string[] = [];
  let made = 0;
  let takenLately = 0;
  let wanted = kept;
  let timer: Disposable | null = null;
  let filling: Promise<void> | null = null;
  let closed = false;

  const next = (): { shelf: string; dir: string } => {
    made += 1;
    const shelf = `${root}/${made % shelves}`;
    return { shelf, dir: `${shelf}/${made}` };
  };
  const makeNow = (): string => {
    const { shelf, dir } = next();
    if (!shelved.has(shelf)) mkdirSync(shelf, { mode: 0o700, recursive: true });
    shelved.add(shelf);
    mkdirSync(dir, { mode: 0o700 });
    for (const [name, mode] of Object.entries(directories)) mkdirSync(`${dir}/${name}`, { mode });
    for (const name of names) closeSync(openSync(`${dir}/${name}`, "w", 0o644));
    return dir;
  };

  const fill = async (): Promise<void> => {
    // Falls slowly, so that the next burst finds what the last one needed.
    wanted = Math.min(most, Math.max(kept, takenLately * 2, Math.floor(wanted * 0.9)));
    takenLately = 0;
    await spread;
    // The last inodes of a disk are for what is needed, not for what may be.
    const { ffree, files: inodes } = await statfs(home);
    if (inodes > 0 && ffree < most * 16) return;
    while (!closed && ready.length < wanted) {
      const { shelf, dir } = next();
      if (!shelved.has(shelf)) await mkdir(shelf, { mode: 0o700, recursive: true });
      shelved.add(shelf);
      await mkdir(dir, { mode: 0o700 });
      for (const [name, mode] of Object.entries(directories)) await mkdir(`${dir}/${name}`, { mode });
      for (const name of names) await writeFile(`${dir}/${name}`, "", { mode: 0o644 });
      ready.push(dir);
    }
  };
  const refillSoon = (): void => {
    if (closed || filling) return;
    timer ??= clock.after(refillDelayMs, () => {
      timer = null;
      // A full disk shows itself to the next create, which then makes its own directory.
      filling = fill()
        .catch(() => undefined)
        .finally(() => {
          filling = null;
        });
    });
  };
  refillSoon();

  return {
    take(id) {
      takenLately += 1;
      refillSoon();
      renameSync(ready.pop() ?? makeNow(), containerPaths(home, id).dir);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      timer?.[Symbol.dispose]();
      await spread;
      await filling;
      rmSync(root, { recursive: true, force: true });
    },
  };
}
