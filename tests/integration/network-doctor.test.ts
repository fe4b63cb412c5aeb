/** `hbx network doctor` in a lab where one thing after the other is broken (tests/support/connectivity/doctor-lab.ts). */
import { beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { apart } from "../support/connectivity/apart.ts";

let said: Record<string, { code: number; text: string }>;

beforeAll(() => {
  const lab = join(import.meta.dirname, "../support/connectivity/doctor-lab.ts");
  const { stdout, stderr } = spawnSync("unshare", [...apart, process.execPath, lab], {
    encoding: "utf8",
    timeout: 90_000,
  });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the lab gave no report:\n${stdout}${stderr}`);
  said = JSON.parse(line) as typeof said;
}, 100_000);

/** What was broken, the exit code, and what must be said. */
const cases: [name: string, code: number, ...sentences: string[]][] = [
  ["healthy", 0, "203.0.113.9:7000 answers."],
  ["healthy name", 0, "world.test is 203.0.113.9.", "203.0.113.9:7000 answers."],
  ["host alone", 0, "The host forwards packets.", "is up and its subnet is nobody else's"],
  ["no target", 0, "Its name servers answer.", "No rule that can be read stops its packets"],
  ["stopped", 1, "The container stopped is not running.", "→ hbx start stopped"],
  ["no network", 1, "was started with --network none"],
  ["unknown container", 1, "No such container: nobody"],
  ["bad target", 1, 'Cannot look for a way to "a:b:c"'],
  [
    "localhost",
    1,
    "Inside the container plain, localhost is the container itself, not the host, and nothing in it listens on port 5432",
  ],
  ["unknown name", 1, "Nobody is called db", "containers on the default bridge have no names"],
  ["closed port", 1, ":82 is reached, but nothing listens on port 82 there"],
  ["not published", 1, "No running container publishes port 9999 on the host"],
  ["published on loopback", 1, "Port 8081 of the host leads to web, but is published on 127.0.0.1 only"],
  ["listens on loopback", 1, "The program in web listens on port 81 of its loopback (127.0.0.1) only"],
  ["no forwarding", 1, "The host forwards no packets (net.ipv4.ip_forward is 0)"],
  [
    "firewall rule",
    1,
    "The rule `ip daddr 203.0.113.0/24 tcp dport 7000 drop` in chain fence of the firewall table inet corp stops packets from the container plain to 203.0.113.9",
    "nft insert rule inet corp fence iifname",
  ],
  [
    "firewall policy",
    1,
    "The policy of chain fence of the firewall table inet corp, which drops what no rule of it accepts, stops packets",
  ],
  ["no default route", 1, "The container plain has no default route"],
  ["interface down", 1, "The container plain has no route at all: its interface is down"],
  ["address conflict", 1, "overlaps the host's route", "by vpn0: one of them cannot be reached"],
  ["silent resolver", 1, "The name server 203.0.113.9 of the container plain does not answer"],
  ["bridge down", 1, " is down.", "→ ip link set hbx"],
  ["link down", 1, "does not answer: the link between the container plain and the network's bridge is down"],
];

test.each(cases)("%s: exit code %d and the sentence", (name, code, ...sentences) => {
  const { code: ended, text } = said[name] ?? { code: -1, text: "not asked" };
  for (const sentence of sentences) expect(text).toContain(sentence);
  expect(ended).toBe(code);
});
