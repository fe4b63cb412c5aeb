/** Compiles the C probes of tests/security/probes once per run; a missing compiler is a failure, not a skip. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Probe = Disposable & { path: string };

export function compileProbe(name: string): Probe {
  const dir = mkdtempSync(join(tmpdir(), "hbx-probe-"));
  const path = join(dir, name);
  const source = join(import.meta.dirname, "../security/probes", `${name}.c`);
  const { status, stderr } = spawnSync("gcc", ["-static", "-O1", "-o", path, source], { encoding: "utf8" });
  if (status !== 0) throw new Error(`gcc cannot compile ${source}: ${stderr}`);
  return { path, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}
