import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const run = (call: string) => {
  const script = `import { replaceProcess } from ${JSON.stringify(join(import.meta.dirname, "replace-process.ts"))};
    console.log(process.pid); ${call}`;
  return spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
};

test("replaceProcess() runs the program in the same process, with these arguments and this environment only", () => {
  const { stdout, status } = run(
    `replaceProcess("/bin/sh", ["name", "-c", "echo $$ $0 $1; env", "a", "b c"], { X: "1=2" });`,
  );
  const [before, line, ...environment] = stdout.trim().split("\n");
  expect(line).toBe(`${before} a b c`);
  expect(environment).toContain("X=1=2");
  expect(environment.some((one) => one.startsWith("PATH="))).toBe(false);
  expect(status).toBe(0);
});

test("replaceProcess() throws when the program cannot be run", () => {
  const { stderr, status } = run(`replaceProcess("/no/such/program", ["x"], {});`);
  expect(status).not.toBe(0);
  expect(stderr).toContain("Cannot run /no/such/program");
});
