import { describe, expect, test } from "bun:test";
import { type DeviceLookup, deviceRuleText, parseDeviceRule, planDevice } from "./devices.ts";
import { planRlimits } from "./rlimits.ts";
import { planSysctls } from "./sysctls.ts";

const lookup: DeviceLookup = (path) => {
  if (path === "/dev/snd") return { directory: ["/dev/snd/seq", "/dev/snd/by-path"] };
  if (path === "/dev/snd/by-path") return { directory: [] };
  return path.startsWith("/dev/snd/") ? { type: "c", major: 116, minor: 1, mode: 0o20660, uid: 0, gid: 29 } : null;
};

describe("planDevice()", () => {
  test("gives a node and its rule", () => {
    const planned = planDevice({ hostPath: "/dev/snd/seq", guestPath: "/dev/seq", permissions: "r" }, lookup);
    expect(planned.nodes).toEqual([
      { path: "/dev/seq", type: "c", major: 116, minor: 1, mode: 0o660, uid: 0, gid: 29 },
    ]);
    expect(planned.rules.map(deviceRuleText)).toEqual(["c 116:1 r"]);
  });

  test("takes every node of a directory", () => {
    const planned = planDevice({ hostPath: "/dev/snd", guestPath: "/dev/sound", permissions: "" }, lookup);
    expect(planned.nodes.map(({ path }) => path)).toEqual(["/dev/sound/seq"]);
  });

  test("refuses what is missing or malformed", () => {
    expect(() => planDevice({ hostPath: "/dev/no", guestPath: "", permissions: "" }, lookup)).toThrow("no such device");
    expect(() => planDevice({ hostPath: "/dev/snd/seq", guestPath: "", permissions: "rr" }, lookup)).toThrow(
      "r, w and m",
    );
    expect(() => parseDeviceRule("c 1:2:3 r")).toThrow("of the form");
    expect(parseDeviceRule("b *:7 rw")).toEqual({ type: "b", major: null, minor: 7, access: "rw" });
  });
});

describe("planRlimits()", () => {
  test("takes known names and unlimited", () => {
    expect(planRlimits([{ name: "nofile", soft: 1, hard: -1 }])).toEqual([{ resource: "nofile", soft: 1, hard: -1 }]);
  });

  test.each([
    [[{ name: "nofiles", soft: 1, hard: 1 }], "did you mean nofile"],
    [[{ name: "cpu", soft: 2, hard: 1 }], "above the hard limit"],
    [[{ name: "cpu", soft: -1, hard: 1 }], "above the hard limit"],
    [[{ name: "cpu", soft: 1.5, hard: 2 }], "whole numbers"],
  ])("refuses %j", (ulimits, message) => {
    expect(() => planRlimits(ulimits)).toThrow(message);
  });
});

describe("planSysctls()", () => {
  const own = { net: true, ipc: true, uts: true };

  test("takes what belongs to the container's namespaces, dots and slashes", () => {
    expect(planSysctls({ "net/ipv4/conf/eth0.1/forwarding": "1", "kernel.shmmax": "9" }, own)).toEqual({
      "net.ipv4.conf.eth0/1.forwarding": "1",
      "kernel.shmmax": "9",
    });
  });

  test.each([
    ["net.core.somaxconn", { ...own, net: false }, "network"],
    ["fs.mqueue.msg_max", { ...own, ipc: false }, "IPC"],
    ["kernel.domainname", { ...own, uts: false }, "UTS"],
    ["kernel.panic", own, "whole host"],
    ["net..x", own, "not the name"],
    ["kernel.hostname", own, "option of its own"],
  ])("refuses %s", (name, namespaces, message) => {
    expect(() => planSysctls({ [name]: "1" }, namespaces)).toThrow(message);
  });
});
