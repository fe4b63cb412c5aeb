/** Runs every stage of the tests, adds their counts up and closes with one line: `N passed, N failed, N skipped`. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const bun = join(root, "node_modules/bun/bin/bun.exe");

type Stage = {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env?: Record<string, string>;
  count(output: string): Counts;
};
type Counts = { passed: number; failed: number; skipped: number };

function total(output: string, pattern: RegExp): number {
  let sum = 0;
  for (const match of output.matchAll(pattern)) sum += Number(match[1]);
  return sum;
}

const countBun = (output: string): Counts => ({
  passed: total(output, /^\s*(\d+) pass$/gm),
  failed: total(output, /^\s*(\d+) fail$/gm),
  skipped: total(output, /^\s*(\d+) skip$/gm),
});

const countCargo = (output: string): Counts => ({
  passed: total(output, /^test result: .*?(\d+) passed/gm),
  failed: total(output, /^test result: .*?(\d+) failed/gm),
  skipped: total(output, /^test result: .*?(\d+) ignored/gm),
});

const bunStage = (name: string, ...folders: string[]): Stage => ({
  name,
  command: bun,
  args: ["test", "--timeout", "60000", ...folders.map((folder) => `./${folder}`)],
  cwd: root,
  count: countBun,
});

const stages: Stage[] = [
  bunStage("unit", "src", "scripts", "tests/support"),
  {
    name: "native",
    command: "cargo",
    args: ["test", "--locked", "--workspace"],
    cwd: join(root, "native"),
    count: countCargo,
  },
  bunStage("integration", "tests/integration"),
  {
    // What containers do with their files, on hosts that cannot start from EROFS.
    ...bunStage(
      "directories",
      ...["data", "life", "run", "bad-archive"].map((name) => `tests/integration/${name}.test.ts`),
    ),
    env: { HBX_TEST_STORAGE_DRIVER: "overlayfs" },
  },
  bunStage("security", "tests/security"),
  bunStage("fuzz", "tests/fuzz"),
  bunStage("compat", "tests/compat"),
];

async function run(stage: Stage): Promise<Counts & { ok: boolean }> {
  const child = spawn(stage.command, stage.args, {
    cwd: stage.cwd,
    env: { ...process.env, ...stage.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
      process.stdout.write(chunk);
    });
  }
  const code = await new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? 1)));
  const counts = stage.count(output);
  // A stage that broke without naming a failed test (a crash, a compile error) still counts as one.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return { ...counts, ok: code === 0 };
}

const wanted = process.argv.slice(2);
const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const stage of stages) {
  if (wanted.length > 0 && !wanted.includes(stage.name)) continue;
  if (stage.command === bun && !existsSync(join(root, stage.args.at(-1) ?? "")))
    throw new Error(`no tests for stage ${stage.name}`);
  const started = performance.now();
  console.log(`\n== ${stage.name}`);
  const { passed, failed, skipped, ok } = await run(stage);
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += skipped;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `== ${stage.name}: ${ok ? "ok" : "FAILED"}, ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`,
  );
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
