import { expect, test } from "bun:test";
import { parseFibTrie, parseRoutes } from "./host.ts";
import { formatSubnet } from "./ipv4.ts";

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
