import { expect, test } from "bun:test";
import { withoutMountPoints } from "./changes.ts";

test("withoutMountPoints() leaves out what a start makes, and a directory changed by nothing else", () => {
  const made = ["/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"].map((Path) => ({
    Path,
    Kind: 1 as const,
  }));
  expect(withoutMountPoints([{ Path: "/etc", Kind: 0 }, ...made])).toEqual([]);
  const own = [
    { Path: "/etc", Kind: 0 as const },
    { Path: "/etc/passwd", Kind: 0 as const },
    { Path: "/proc", Kind: 2 as const },
  ];
  expect(withoutMountPoints([...own, ...made.slice(3)])).toEqual(own);
});
