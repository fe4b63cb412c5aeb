import { expect, test } from "bun:test";
import { parseSubnet } from "../address/ip.ts";
import { createFakeHost } from "../test-support/fake-host.ts";
import { holdsAgainstRivals, judgeRivals } from "./rival.ts";

const subnet = (text: string) => {
  const parsed = parseSubnet(text);
  if (parsed === null) throw new Error(text);
  return parsed;
};
const claim = (tag: string) => ({
  tag,
  subnets: [subnet("172.20.0.0/16")],
  ownLinks: new Set([`hbx${tag}`]),
});
const verdict = (tag: string, ...routes: [link: string, text: string][]) =>
  judgeRivals(
    claim(tag),
    routes.map(([link, text]) => ({ link, subnet: subnet(text) })),
  );

test("nobody else, other subnets and our own bridge are no rivals", () => {
  expect(verdict("55555555", ["hbx55555555", "172.20.0.0/16"], ["eth0", "192.0.2.0/24"])).toBe("keep");
  expect(verdict("55555555", ["hbx99999999", "172.21.0.0/16"], ["lo", "172.20.0.0/24"])).toBe("keep");
});

test("of two daemons exactly one yields, whoever looks", () => {
  const both: [string, string][] = [
    ["hbx55555555", "172.20.0.0/16"],
    ["hbx99999999ab12", "172.20.0.0/16"],
  ];
  expect(verdict("55555555", ...both)).toBe("wait");
  expect(
    judgeRivals({ ...claim("99999999"), ownLinks: new Set(["hbx99999999ab12"]) }, [
      { link: "hbx55555555", subnet: subnet("172.20.0.0/16") },
    ]),
  ).toBe("yield");
});

test("other programs are yielded to, unless theirs is the broader one; a daemon's counts either way", () => {
  expect(verdict("00000000", ["docker0", "172.20.0.0/16"])).toBe("yield");
  expect(verdict("00000000", ["vpn0", "172.20.5.0/24"], ["hbx99999999", "172.20.0.0/16"])).toBe("yield");
  expect(verdict("00000000", ["vpn0", "172.16.0.0/12"])).toBe("keep");
  expect(verdict("99999999", ["hbx00000000", "172.16.0.0/12"])).toBe("yield");
});

test("who goes second waits for the other to go, and yields to one that stays", async () => {
  const { links, host } = createFakeHost();
  links.set("hbx99999999", ["172.20.0.0/16"]);
  let looks = 0;
  const until = (last: number) => async () => {
    looks += 1;
    if (looks === last) links.delete("hbx99999999");
  };
  expect(await holdsAgainstRivals(claim("55555555"), host, until(3))).toBe(true);
  expect(looks).toBe(3);
  links.set("hbx99999999", ["172.20.0.0/16"]);
  expect(await holdsAgainstRivals(claim("55555555"), host, async () => undefined)).toBe(false);
});
