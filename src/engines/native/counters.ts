/** Small readers for the kernel's counter files. A file that is not there counts as zero: the controller is absent. */
import { readFileSync } from "node:fs";

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A file with one number; `max` and the v1 "no limit" constant give `Infinity`. */
export function readNumber(path: string): number {
  const text = readText(path).trim();
  if (text === "max") return Number.POSITIVE_INFINITY;
  const value = Number(text || "0");
  // 2^63 rounded down to a page is how v1 writes "no limit".
  return value >= 0x7fff_ffff_ffff_f000 ? Number.POSITIVE_INFINITY : value;
}

/** `key value` lines. */
export function readKeyed(path: string): Record<string, number> {
  const out: Record<string, number> = {};
  for (const line of readText(path).split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) out[line.slice(0, space)] = Number(line.slice(space + 1));
  }
  return out;
}

export function readPids(path: string): number[] {
  return readText(path)
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}
