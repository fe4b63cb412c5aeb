/** A cgroup v2 that belongs to a user, and what runs a program inside of it where nothing but cgroup v2 is mounted. */
import { chownSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

export type DelegatedCgroup = Disposable & {
  /** Put before the command; replaces itself by it, so that the process id stays. */
  prefix: string[];
};

/** The host's own unified hierarchy; null where none is mounted. */
export function unifiedMount(): string | null {
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((one) => one.includes(" - cgroup2 "));
  return line?.split(" ")[4] ?? null;
}

const script = `set -e
echo $$ > "$1/cgroup.procs"
shift
mount --make-rprivate /
umount -R -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
exec "$@"`;

export function delegateCgroup(unified: string, uid: number): DelegatedCgroup {
  const dir = join(unified, `hbx-test-${process.pid}`);
  const own = join(dir, "own");
  for (const path of [dir, own]) {
    mkdirSync(path);
    chownSync(path, uid, -1);
    for (const name of ["cgroup.procs", "cgroup.subtree_control"]) chownSync(join(path, name), uid, -1);
  }
  return {
    prefix: ["unshare", "--mount", "sh", "-c", script, "sh", own],
    [Symbol.dispose]() {
      // The engine's own directories must be gone by now, or this fails.
      const left = readdirSync(dir, { withFileTypes: true }).filter(
        (entry) => entry.isDirectory() && entry.name !== "own",
      );
      rmdirSync(own);
      if (left.length === 0) rmdirSync(dir);
      else throw new Error(`left behind: ${left.map(({ name }) => join(dir, name))}`);
    },
  };
}
