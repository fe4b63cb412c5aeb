import { expect, test } from "bun:test";
import type { PortMap } from "../schema.ts";
import { parsePublish } from "./parse-publish.ts";

const one = (port: string, HostIp: string, HostPort: string): PortMap => ({ [port]: [{ HostIp, HostPort }] });

const forms: [string, PortMap][] = [
  ["80", one("80/tcp", "", "")],
  ["80/udp", one("80/udp", "", "")],
  ["8080:80", one("80/tcp", "", "8080")],
  ["8080:80/UDP", one("80/udp", "", "8080")],
  ["127.0.0.1:8080:80", one("80/tcp", "127.0.0.1", "8080")],
  ["127.0.0.1::80", one("80/tcp", "127.0.0.1", "")],
  ["[::1]:8080:80", one("80/tcp", "::1", "8080")],
  ["::1:8080:80", one("80/tcp", "::1", "8080")],
  ["8000-8010:80", one("80/tcp", "", "8000-8010")],
  ["8000-8001:80-81", { ...one("80/tcp", "", "8000"), ...one("81/tcp", "", "8001") }],
  ["80-81", { ...one("80/tcp", "", ""), ...one("81/tcp", "", "") }],
];
for (const [text, expected] of forms) {
  test(`parsePublish() takes ${text}`, () => expect(parsePublish([text])).toEqual(expected));
}

const refusals = [
  "",
  "x",
  "0",
  "65536",
  "80/icmp",
  "8080:",
  ":",
  "8000-8002:80-81",
  "81-80",
  "nohost:80:80",
  "1.2.3:80:80",
  "80/tcp/udp",
  "-1:80",
];
for (const text of refusals) {
  test(`parsePublish() refuses ${JSON.stringify(text)}`, () => {
    expect(() => parsePublish([text])).toThrow("invalid publish specification");
  });
}

test("parsePublish() collects several bindings of one port", () => {
  expect(parsePublish(["8080:80", "9090:80"])["80/tcp"]).toEqual([
    { HostIp: "", HostPort: "8080" },
    { HostIp: "", HostPort: "9090" },
  ]);
});
