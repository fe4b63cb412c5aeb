/** Networks of one's own with a real daemon, each test in a network namespace of its own: see tests/support/networks-lab.ts. */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const lab = join(import.meta.dirname, "../support/networks-lab.ts");

function run(part: string, timeoutMs: number): Record<string, unknown> {
  const { stdout, stderr } = spawnSync("unshare", ["-n", "-m", process.execPath, lab, part], {
    encoding: "utf8",
    timeout: timeoutMs,
  });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{"))
    throw new Error(
      `the lab gave no report: ${/^error: .*/m.exec(stderr)?.[0] ?? ""}\n${stdout.slice(-4000)}${stderr.slice(-4000)}`,
    );
  return JSON.parse(line) as Record<string, unknown>;
}

describe("networks of one's own", () => {
  test("connect, separate, publish, survive a crash, a flush and a new address, and go without a trace", () => {
    expect(run("life", 90_000)).toEqual({
      published: ["hello", "hello", "hello"],
      interfaces: ["eth0", "eth1", "lo"],
      defaultRoute: "eth0",
      backAddress: "10.66.0.66",
      sameNetwork: "hello",
      byName: "hello",
      otherNetwork: "",
      otherNetworkPublished: "hello",
      internalWayOut: "0",
      afterDisconnect: "eth1\nlo",
      afterConnect: ["eth0", "hello"],
      twice: 403,
      inUse: 403,
      afterCrash: ["hello", "1", "hello"],
      afterFlush: "hello",
      afterLinkDelete: ["eth0 eth1 lo eth0", "hello"],
      newAddress: "hello",
      left: "",
      before: "",
    });
  }, 100_000);

  test("many are made in bounded time and pruned together", () => {
    const report = run("many", 200_000);
    const count = Number(process.env["HYPERBOX_TEST_NETWORKS"] ?? "100");
    console.log(`networks: ${JSON.stringify(report)}`);
    // The predefined three, of which the bridge stands on the host as well.
    expect(report).toMatchObject({ count, bridges: count + 1, gone: count, remaining: 3, left: "" });
    expect(Number(report["lastMs"])).toBeLessThan(Math.max(50, Number(report["firstMs"]) * 5));
  }, 210_000);

  test("kill -9 of the daemon while they come and go leaves host and database in step", () => {
    const report = run("crashes", 280_000);
    expect(report).toMatchObject({ lost: 0, kept: [report["keptIs"]], left: "", before: "" });
    expect(report["gone"]).toBeGreaterThanOrEqual(Number(report["networks"]));
  }, 290_000);
});
