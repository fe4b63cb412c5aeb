import { expect, test } from "bun:test";
import { parseFibTrie, parseRoutes, parseRoutes6 } from "./host.ts";
import { formatSubnet } from "./ip.ts";

const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 128.0.0.0/1 2 0 2
        |-- 128.0.0.0
           /1 universe UNICAST
        |-- 172.17.0.0
           /16 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 172.17.0.1
        /32 host LOCAL
`;

test("parseFibTrie() gives routes and addresses, without those that cover everything", () => {
  expect(parseFibTrie(trie).map(formatSubnet)).toEqual(["172.17.0.0/16", "127.0.0.0/8", "172.17.0.1/32"]);
});

test("parseRoutes() reads the numbers in the host's byte order", () => {
  const text = `Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;
  const found = parseRoutes(text).map(({ link, subnet }) => `${link} ${formatSubnet(subnet)}`);
  expect(found).toEqual(["eth0 192.0.2.0/24"]);
});

test("parseRoutes6() leaves out link-local, multicast and the default", () => {
  const line = (base: string, prefix: string, link: string) =>
    `${base} ${prefix} ${"0".repeat(32)} 00 ${"0".repeat(32)} 00000100 00000001 00000000 00000001     ${link}`;
  const text = [
    line("fd000000000000000000000000000000", "40", "eth0"),
    line("fe800000000000000000000000000000", "40", "eth0"),
    line("ff000000000000000000000000000000", "08", "eth0"),
    line("00000000000000000000000000000000", "00", "eth0"),
  ].join("\n");
  expect(parseRoutes6(text).map(({ link, subnet }) => `${link} ${formatSubnet(subnet)}`)).toEqual(["eth0 fd00::/64"]);
});
