/** Sizes as Docker prints them: decimal with three digits for disks, binary for memory. */

export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 4);
}

/** Go's `%.4g` with the unit behind it. */
function scaled(value: number, base: number, units: readonly string[], digits: number): string {
  let at = 0;
  let size = value;
  while (size >= base && at < units.length - 1) {
    size /= base;
    at += 1;
  }
  return `${Number(size.toPrecision(digits))}${units[at]}`;
}

/** Docker's three digits of the `df` and `images` columns. */
export function shortSize(bytes: number): string {
  return scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], 3);
}
