/**
 * Has a file system lay new subdirectories far apart (ext4's "top of a hierarchy"), each with what will be in it. Without a
 * journal, ext4 passes over every inode that was deleted in the last minutes when it looks for a free one nearby: where
 * thousands of short-lived files share a place, a file costs 0.2 ms instead of 0.01. A hint: other file systems have none.
 */
import { execFile } from "node:child_process";

export function spreadOnDisk(path: string): Promise<void> {
  return new Promise((resolve) => execFile("chattr", ["+T", path], () => resolve()));
}
