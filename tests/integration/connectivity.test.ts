/**
 * The connectivity matrix: hosts, two daemons and a dockerd in a lab of network namespaces (tests/support/connectivity), every
 * source to every destination by TCP and UDP.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { apart } from "../support/connectivity/apart.ts";
import { rules, type Source, sources } from "../support/connectivity/matrix.ts";

type Report = {
  /** By source and `destination protocol`: what was answered. */
  seen: Partial<Record<Source, Record<string, string>>>;
  skipped: string[];
  before: string;
  after: string;
};
let report: Report;
let machine: { before: string; after: string };

/** Without what other tests' daemons have there meanwhile. */
const machineState = (): string => {
  const run = (line: string) => spawnSync("sh", ["-c", line], { encoding: "utf8" }).stdout;
  const tables = run("nft list ruleset").split(/^(?=table )/m);
  const lines = ["ip -br link", "ip route show table all", "ip rule", "ip netns"].flatMap((line) =>
    run(line).split("\n"),
  );
  return [...lines, ...tables].filter((text) => !/\b(hbx_?|hv)[0-9a-f]{4}/.test(text)).join("\n");
};

beforeAll(() => {
  const before = machineState();
  const lab = join(import.meta.dirname, "../support/connectivity/lab.ts");
  const { stdout, stderr } = spawnSync("unshare", [...apart, process.execPath, lab], {
    encoding: "utf8",
    timeout: 110_000,
    killSignal: "SIGTERM",
  });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the lab gave no report:\n${stdout}${stderr}`);
  report = JSON.parse(line) as Report;
  machine = { before, after: machineState() };
  for (const reason of report.skipped) console.log(`skipped: ${reason}`);
}, 120_000);

describe.each(["tcp", "udp"])("%s", (protocol) => {
  test("gets through exactly where it must", () => {
    const wrong: string[] = [];
    for (const { to, from, sees = {} } of rules) {
      for (const source of sources) {
        const answer = report.seen[source]?.[`${to} ${protocol}`];
        if (answer === undefined) continue;
        const through = !answer.startsWith("!") && answer !== "closed";
        const address = answer.split(" ")[1];
        const expected = sees[source];
        if (through !== from.includes(source)) wrong.push(`${source} → ${to}: ${answer}`);
        else if (expected !== undefined && address !== expected) wrong.push(`${source} → ${to}: seen as ${address}`);
        else if (through && answer.split(" ")[0] !== to.split(/[ ,]/)[0]) wrong.push(`${source} → ${to}: ${answer}`);
      }
    }
    if (wrong.length > 0) console.log(`${table(protocol)}\n\n${wrong.join("\n")}`);
    expect(wrong).toEqual([]);
  });
});

test("every source and every destination was there", () => {
  const withoutDocker = report.skipped.length > 0;
  const wanted = sources.filter((source) => source !== "docker" || !withoutDocker);
  expect(Object.keys(report.seen).sort()).toEqual([...wanted].sort());
  const destinations = new Set(Object.keys(report.seen.host ?? {}).map((key) => key.replace(/ (tcp|udp)$/, "")));
  expect(
    rules.map(({ to }) => to).filter((to) => !destinations.has(to) && !(withoutDocker && to.startsWith("docker"))),
  ).toEqual([]);
});

test("afterwards links, addresses, routes, rules and firewall of the lab's host are as before, dockerd's with them", () => {
  const lines = (text: string) => text.split("\n");
  const [before, after] = [lines(report.before), lines(report.after)];
  expect({
    left: after.filter((line) => !before.includes(line)),
    lost: before.filter((line) => !after.includes(line)),
  }).toEqual({ left: [], lost: [] });
});

test("the machine's own network was not touched", () => {
  expect(machine.after).toBe(machine.before);
});

/** Rows are destinations, columns sources: `x` got through, `.` did not; upper case or `!` where it should be otherwise. */
function table(protocol: string): string {
  const head = `${" ".repeat(56)}${sources.map((source) => source.padEnd(8)).join("")}`;
  const rows = rules.map(({ to, from }) => {
    const cells = sources.map((source) => {
      const answer = report.seen[source]?.[`${to} ${protocol}`];
      if (answer === undefined) return "-".padEnd(8);
      const through = !answer.startsWith("!");
      return (through === from.includes(source) ? (through ? "x" : ".") : through ? "OPEN" : "SHUT").padEnd(8);
    });
    return `${to.padEnd(56)}${cells.join("")}`;
  });
  return [head, ...rows].join("\n");
}
