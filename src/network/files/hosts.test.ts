import { expect, test } from "bun:test";
import { buildHosts, type HostsRequest, parseExtraHost } from "./hosts.ts";

const request: HostsRequest = {
  mode: "bridge",
  hostname: "web",
  domainname: "",
  extraHosts: [],
  aliases: [],
  endpoints: [{ address: "172.20.0.5", gateway: "172.20.0.1", address6: "", gateway6: "" }],
  hostFile: "127.0.0.1 localhost\n10.0.0.9 build",
};
const tail = (part: Partial<HostsRequest>) => buildHosts({ ...request, ...part }).split("ip6-allrouters\n")[1];

test("buildHosts() ends with the container's own names", () => {
  expect(buildHosts(request)).toStartWith("127.0.0.1\tlocalhost\n::1\tlocalhost");
  expect(tail({})).toBe("172.20.0.5\tweb\n");
  expect(tail({ domainname: "example.org", aliases: ["db"] })).toBe("172.20.0.5\tweb.example.org web db\n");
});

test("buildHosts() solves host-gateway by the network's way to the host, and refuses it where there is none", () => {
  const extraHosts = ["h:host-gateway", "v6=[2001:db8::1]", "v6b:2001:db8::2"];
  expect(tail({ extraHosts })).toBe("172.20.0.1\th\n2001:db8::1\tv6\n2001:db8::2\tv6b\n172.20.0.5\tweb\n");
  expect(() => tail({ extraHosts, endpoints: [], mode: "none" })).toThrow("has no way to the host");
});

test("buildHosts() gives the host's own file on the host's network, and loopback alone on none", () => {
  const host = { ...request, endpoints: [], mode: "host", extraHosts: ["h:host-gateway"] };
  expect(buildHosts(host)).toBe("127.0.0.1 localhost\n10.0.0.9 build\n127.0.0.1\th\n");
  expect(tail({ endpoints: [], mode: "none" })).toBe("");
});

test("parseExtraHost() refuses what is not a name with an address", () => {
  for (const bad of ["", "name", "name:", ":1.2.3.4", "name:nowhere", "a b:1.2.3.4", "name:1.2.3.4\n5.6.7.8 evil"]) {
    expect(() => parseExtraHost(bad)).toThrow("invalid extra host");
  }
});

test("buildHosts() has a line for each address, and host-gateway is the first way out", () => {
  const endpoints = [
    { address: "10.1.0.2", gateway: "", address6: "fd00::2", gateway6: "fd00::1" },
    { address: "10.2.0.2", gateway: "10.2.0.1", address6: "", gateway6: "" },
  ];
  expect(tail({ endpoints, extraHosts: ["h:host-gateway"] })).toBe(
    "fd00::1\th\n10.1.0.2\tweb\nfd00::2\tweb\n10.2.0.2\tweb\n",
  );
});
