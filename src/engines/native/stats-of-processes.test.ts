import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { parsePss, parseTimes, processesOf, sumOfProcesses } from "./stats-of-processes.ts";

test("parseTimes() is not misled by a process's name", () => {
  const times = "4194560 0 0 0 0 5 7 11 13 20 0 1 0";
  expect(parseTimes(`9 (a) R 1 (b) S 1 9 9 0 -1 ${times}`)).toEqual({ userNs: 16e7, kernelNs: 20e7 });
  expect(parseTimes("")).toEqual({ userNs: 0, kernelNs: 0 });
});

test("parsePss() takes the sum, not a part of it", () => {
  expect(parsePss("Rss:   9 kB\nPss:     3 kB\nPss_Anon:  2 kB\n")).toBe(3072);
});

test("processesOf() follows children where the pid namespace is the host's", async () => {
  const child = spawn("sh", ["-c", "sleep 60 & echo up; wait"], { stdio: ["ignore", "pipe", "ignore"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const pids = processesOf(child.pid ?? 0);
  expect(pids[0]).toBe(child.pid ?? 0);
  expect(pids).toHaveLength(2);
  expect(sumOfProcesses(pids).memoryBytes).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, "SIGKILL");
});
