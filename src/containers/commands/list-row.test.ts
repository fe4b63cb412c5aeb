import { expect, test } from "bun:test";
import { listRow, type Summary } from "./list-row.ts";
import { portLines } from "./port.ts";
import { portList } from "./port-list.ts";

const summary: Summary = {
  ...{ Id: "ab".repeat(32), Names: ["/web"], Image: "app", ImageID: "sha256:12", Created: 1000, State: "running" },
  ...{ Command: "sleep with a very long argument", Status: "Up", Ports: [], Labels: { b: "2", a: "1" } },
  ...{ SizeRw: 1500, SizeRootFs: 2_000_000, NetworkSettings: { Networks: { bridge: {} } } },
  Mounts: [{ Name: "a-volume-with-a-long-name", Source: "/v", Driver: "local" }, { Source: "/host" }],
};

test("listRow() has Docker's fields, shortened", () => {
  expect(listRow(summary, { full: false, nowSec: 1060 })).toMatchObject({
    ...{ ID: "abababababab", Command: '"sleep with a very l…"', RunningFor: "About a minute ago", Labels: "a=1,b=2" },
    ...{ Size: "1.5kB (virtual 2MB)", Mounts: "a-volume-with-…,/host", LocalVolumes: "1", Networks: "bridge" },
  });
});

test("listRow() shortens nothing when asked not to, and finds a label", () => {
  const row = listRow(summary, { full: true, nowSec: 1060 });
  expect(row["ID"]).toHaveLength(64);
  expect(row["Command"]).toBe('"sleep with a very long argument"');
  expect((row["Label"] as (name: string) => string)("b")).toBe("2");
});

test("portList() joins neighbours and puts changed ports last", () => {
  const open = (PrivatePort: number, PublicPort?: number, IP = "0.0.0.0") =>
    PublicPort === undefined ? { PrivatePort, Type: "tcp" } : { IP, PrivatePort, PublicPort, Type: "tcp" };
  expect(portList([open(81, 81), open(80, 80), open(443, 8443), open(9), open(10)])).toBe(
    "9-10/tcp, 0.0.0.0:80-81->80-81/tcp, 0.0.0.0:8443->443/tcp",
  );
  expect(portList([open(80, 80, "::")])).toBe("[::]:80->80/tcp");
});

test("portLines() answers for all ports or one", () => {
  const ports = {
    "443/tcp": null,
    "90/tcp": [{ HostIp: "::", HostPort: "1" }],
    "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "2" }],
  };
  expect(portLines(ports, undefined, "c")).toEqual(["80/tcp -> 0.0.0.0:2", "90/tcp -> [::]:1"]);
  expect(portLines(ports, "90", "c")).toEqual(["[::]:1"]);
  expect(() => portLines(ports, "443", "c")).toThrow("no public port '443/tcp'");
});
