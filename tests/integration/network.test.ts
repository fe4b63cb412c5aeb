/** The default bridge on the real kernel, in a network namespace of its own: see tests/support/network-lab.ts. */
import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const lab = join(import.meta.dirname, "../support/network-lab.ts");
let report: Record<string, unknown>;

beforeAll(() => {
  const { stdout, stderr } = spawnSync("unshare", ["-n", "-m", process.execPath, lab], {
    encoding: "utf8",
    timeout: 30_000,
  });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the lab gave no report:\n${stdout}${stderr}`);
  report = JSON.parse(line) as Record<string, unknown>;
}, 40_000);

describe("default bridge", () => {
  test("a published port is reached from the host by loopback and from another container", () => {
    expect(report["published"]).toBe(report["gateway"]);
    expect(report["fromContainer"]).toBe(report["gateway"]);
    expect(report["ports"]).toEqual({ "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] });
  });
  test("containers reach each other by their own addresses", () => {
    expect(report["between"]).toBe(report["clientAddress"]);
  });
  test("a port in use is refused with the name of the container that has it", () => {
    expect(report["conflict"]).toBe("Bind for 0.0.0.0:8080 failed: port is already allocated by container web");
  });
  test("a table that somebody flushes and a bridge that somebody deletes come back by themselves", () => {
    expect(report["afterFlush"]).toBe(report["gateway"]);
    expect(report["afterLinkDelete"]).toBe(report["gateway"]);
  });
  test("a daemon that starts again restores the table that somebody flushed", () => {
    expect(report["flushed"]).not.toBe(report["gateway"]);
    expect(report["restored"]).toBe(report["gateway"]);
  });
  test("an unpublished port is closed", () => {
    expect(report["closed"]).toBe("ECONNREFUSED");
  });
  test("at the end the host's links and rules are as before", () => {
    expect(report).toMatchObject({ hostAsBefore: true });
  });
});
