/** Daemons that start at the same moment and want the same subnet: see tests/support/subnets-lab.ts. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const lab = join(import.meta.dirname, "../support/subnets-lab.ts");

for (const daemons of [2, 5])
  test(`${daemons} daemons started at once settle on ${daemons} subnets, and each is reached in its own`, () => {
    const { stdout, stderr } = spawnSync("unshare", ["-n", "-m", process.execPath, lab, String(daemons)], {
      encoding: "utf8",
      timeout: 110_000,
    });
    const line = stdout.trim().split("\n").at(-1) ?? "";
    if (!line.startsWith("{")) throw new Error(`the lab gave no report:\n${stdout}${stderr}`);
    expect(JSON.parse(line)).toEqual({
      ...{ daemons, subnets: daemons, bridges: daemons },
      ...{ outside: [], deaf: [], strangers: [], failures: [] },
    });
  }, 120_000);
