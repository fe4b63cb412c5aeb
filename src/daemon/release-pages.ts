/**
 * Unmaps what the kernel holds a copy of anyway: pages of programs and libraries that nobody has written to. They stay in the
 * page cache and come back, 16 at a time and without the disk, when they are touched. The runtime can do neither.
 */
import { dlopen } from "bun:ffi";
import { readFileSync } from "node:fs";

const dontNeed = 4;
/** Smaller ones are not worth a call. */
const leastBytes = 64 * 1024;

export type Mapping = { start: number; bytes: number };

type Advise = (address: number, bytes: number, advice: number) => number;
let advise: Advise | null | undefined;

/** How many bytes were mapped in and are not any more; 0 where the host's C library is another one. */
export function releaseCleanPages(): number {
  if (advise === undefined) advise = load();
  if (advise === null) return 0;
  let released = 0;
  for (const { start, bytes, residentBytes } of cleanMappings(readFileSync("/proc/self/smaps", "latin1"))) {
    if (advise(start, bytes, dontNeed) === 0) released += residentBytes;
  }
  return released;
}

const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) +(\/.*)?$/;

/**
 * Of `/proc/PID/smaps`: private mappings of files that are not writable and have no page of their own. A page that was written
 * to (a relocated address) is one the file does not have: to drop it would lose it.
 */
export function cleanMappings(smaps: string): (Mapping & { residentBytes: number })[] {
  const found: (Mapping & { residentBytes: number })[] = [];
  for (const part of smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)) {
    const [, from, to, permissions, inode, path] = header.exec(part.slice(0, part.indexOf("\n"))) ?? [];
    if (from === undefined || to === undefined || path === undefined || inode === "0") continue;
    if (!/^r-[x-]p$/.test(permissions ?? "")) continue;
    const residentBytes = kilobytes(part, "Rss") * 1024;
    const own = ["Anonymous", "Private_Dirty", "Shared_Dirty", "Swap", "Locked"];
    if (residentBytes < leastBytes || own.some((field) => kilobytes(part, field) !== 0)) continue;
    const start = Number.parseInt(from, 16);
    found.push({ start, bytes: Number.parseInt(to, 16) - start, residentBytes });
  }
  return found;
}

/** A field that a kernel does not print counts as something, so that the mapping is left alone. */
function kilobytes(part: string, field: string): number {
  return Number(new RegExp(`^${field}: +(\\d+) kB$`, "m").exec(part)?.[1] ?? Number.NaN);
}

function load(): Advise | null {
  try {
    const libc = dlopen("libc.so.6", { madvise: { args: ["u64", "u64", "i32"], returns: "i32" } });
    return (address, bytes, advice) => libc.symbols.madvise(address, bytes, advice);
  } catch {
    return null;
  }
}
