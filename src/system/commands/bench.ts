/** Benchmarks are part of a clone, not of the program: they bring other engines in and compile things. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../cli/failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";

export const bench: Verb = {
  name: "bench",
  summary: "Measure this engine beside others (of a clone: npm run bench)",
  usage: "[NAME...]",
  args: { min: 0, max: anyNumber },
  interspersed: false,
  flags: [],
  examples: ["hbx bench start"],
  async run(_session, names) {
    // dist/cli/main.js or src/system/commands/bench.ts of a clone.
    const root = import.meta.path.replace(/\/(?:src\/system|dist\/cli)\/.*$/, "");
    const script = join(root, "scripts/bench.sh");
    if (import.meta.path.startsWith("/$bunfs/") || !existsSync(script)) {
      throw new Failure("Cannot run benchmarks: they are not part of this program", {
        hint: "clone the repository and run `npm run bench` there",
      });
    }
    const child = Bun.spawn(["bash", script, ...names], { stdio: ["inherit", "inherit", "inherit"], cwd: root });
    return await child.exited;
  },
};
