/**
 * The lowest layer of every container's root: the places on which each start mounts something, for images that lack
 * them. Without it a start would make them in its upper directory: six new inodes, on ext4 the dearest part of a mount.
 */
import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

const directories = ["dev", "etc", "proc", "sys"];
const files = ["etc/hostname", "etc/hosts", "etc/resolv.conf"];

/** The same for who makes one layer of many: paths, those of directories with a slash at the end. */
export const mountPoints: readonly string[] = [...directories.map((path) => `${path}/`), ...files].sort();

/** Makes what is missing of it below `home`; answers its path. */
export function makeSkeleton(home: string): string {
  const root = join(home, "skeleton");
  for (const path of ["", ...directories]) {
    mkdirSync(join(root, path), { recursive: true });
    chmodSync(join(root, path), 0o755); // whatever our umask is
  }
  for (const path of files) {
    closeSync(openSync(join(root, path), "a"));
    chmodSync(join(root, path), 0o644);
  }
  return root;
}
