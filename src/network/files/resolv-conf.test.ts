import { expect, test } from "bun:test";
import { buildResolvConf, type ResolvRequest } from "./resolv-conf.ts";

const request: ResolvRequest = {
  mode: "bridge",
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  resolver: null,
  hostFile: `# made by hand
domain old.example
nameserver 127.0.0.53
nameserver 192.0.2.53 ; the office's
nameserver fe80::1%eth0
search example.org example.net
options edns0 trust-ad
`,
};
const build = (part: Partial<ResolvRequest>) => buildResolvConf({ ...request, ...part });

test("buildResolvConf() takes the host's resolvers that a container can reach", () => {
  expect(build({})).toBe("nameserver 192.0.2.53\nsearch example.org example.net\noptions edns0 trust-ad\n");
});

test("buildResolvConf() falls back when all are on the host's loopback, but not on the host's network", () => {
  const hostFile = "nameserver 127.0.0.53\n";
  expect(build({ hostFile })).toBe("nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  expect(build({ hostFile: "" })).toBe("nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  expect(build({ hostFile, mode: "host" })).toBe("nameserver 127.0.0.53\n");
});

test("buildResolvConf() lets each option replace its own part; a dot means no search domain", () => {
  expect(build({ dns: ["1.1.1.1", "::1"] })).toBe(
    "nameserver 1.1.1.1\nnameserver ::1\nsearch example.org example.net\noptions edns0 trust-ad\n",
  );
  expect(build({ dnsSearch: ["."], dnsOptions: ["ndots:2"] })).toBe("nameserver 192.0.2.53\noptions ndots:2\n");
});

test("buildResolvConf() names the name service alone, which knows the others", () => {
  expect(build({ resolver: "127.0.0.11", dns: ["1.1.1.1"] })).toBe(
    "nameserver 127.0.0.11\nsearch example.org example.net\noptions edns0 trust-ad ndots:0\n",
  );
  expect(build({ resolver: "127.0.0.11", dnsOptions: ["ndots:2"] })).toEndWith("options ndots:2\n");
});
