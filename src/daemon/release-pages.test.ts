import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { cleanMappings, releaseCleanPages } from "./release-pages.ts";

const clean = { Rss: 128, Anonymous: 0, Private_Dirty: 0, Shared_Dirty: 0, Swap: 0, Locked: 0 };

function mapping(head: string, fields: Partial<Record<keyof typeof clean, number | null>> = {}): string {
  const lines = Object.entries({ ...clean, ...fields }).filter(([, value]) => value !== null);
  return `${head}\n${lines.map(([name, value]) => `${`${name}:`.padEnd(16)}${value} kB`).join("\n")}\nVmFlags: rd ex mr\n`;
}

const program = "00400000-00500000 r-xp 00001000 fe:00 42                      /opt/a program";

describe("cleanMappings()", () => {
  test("takes what is read or run from a file", () => {
    const text = mapping(program) + mapping("7f0000000000-7f0000020000 r--p 00000000 fe:00 43   /lib/x.so");
    expect(cleanMappings(text)).toEqual([
      { start: 0x400000, bytes: 0x100000, residentBytes: 128 * 1024 },
      { start: 0x7f0000000000, bytes: 0x20000, residentBytes: 128 * 1024 },
    ]);
  });

  test.each([
    ["is writable", mapping("00400000-00500000 rw-p 00001000 fe:00 42   /opt/p")],
    ["is shared with others", mapping("00400000-00500000 r--s 00001000 fe:00 42   /opt/p")],
    ["has no file", mapping("00400000-00500000 r-xp 00000000 00:00 0 ")],
    ["is the kernel's", mapping("7ffebf1e0000-7ffebf200000 r-xp 00000000 00:00 0    [vdso]")],
    ["holds a page that was written to", mapping(program, { Anonymous: 4, Private_Dirty: 4 })],
    ["holds a page that is swapped out", mapping(program, { Swap: 4 })],
    ["is locked in memory", mapping(program, { Locked: 128 })],
    ["does not say whether it was written to", mapping(program, { Anonymous: null })],
    ["is hardly resident", mapping(program, { Rss: 4 })],
  ])("leaves alone what %s", (_what, text) => {
    expect(cleanMappings(text)).toEqual([]);
  });
});

test("releaseCleanPages() unmaps most of the program, which goes on", () => {
  const resident = () => Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
  const before = resident();
  const released = releaseCleanPages();
  expect(released).toBeGreaterThan(1024 * 1024);
  expect(resident()).toBeLessThan(before - released / 2);
  expect(JSON.parse('{"works":[1,2]}')).toEqual({ works: [1, 2] });
});
