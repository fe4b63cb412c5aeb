import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { livingShim } from "./living-shim.ts";

test("livingShim() takes shims of this run directory only", () => {
  const proc = mkdtempSync(join(tmpdir(), "hbx-proc-"));
  const process = (pid: string, comm: string, socket: string): void => {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, "comm"), `${comm}\n`);
    writeFileSync(join(proc, pid, "cmdline"), `hbx-core\0zygote\0--socket\0${socket}\0`);
  };
  mkdirSync(join(proc, "self"));
  mkdirSync(join(proc, "3")); // it ended while we looked
  process("10", "hbx-zygote", "/run/a/zygote");
  process("11", "hbx-shim", "/run/b/zygote");
  expect(livingShim("/run/a", proc)).toBeNull();
  process("12", "hbx-shim", "/run/a/zygote");
  expect(livingShim("/run/a", proc)).toBe(12);
  rmSync(proc, { recursive: true });
});
