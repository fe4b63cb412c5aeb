import { describe, expect, test } from "bun:test";
import { planProcess, privilegeWarnings } from "./plan-process.ts";
import { exampleFacts, examplePlan, exampleSpec, v2Cgroups } from "./plan-run.test-support.ts";

const security = exampleSpec.security;
const targets = (plan: { mounts: { target: string }[] }) => plan.mounts.map(({ target }) => target);

describe("planRun()", () => {
  test("gives a default container Docker's mounts and limits, with nothing to write at the start", () => {
    const plan = examplePlan();
    expect(targets(plan)).toEqual([
      "/proc",
      "/dev",
      "/dev/pts",
      "/sys",
      "/sys/fs/cgroup",
      "/dev/mqueue",
      "/dev/shm",
      "/etc/resolv.conf",
      "/etc/hostname",
      "/etc/hosts",
    ]);
    expect(plan.cgroup).toEqual({ writes: [], oomWatchDir: "/cg/memory/x/s" });
    expect(plan.process.capabilities.bounding).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31]);
    expect(plan.process.seccomp?.program.length).toBeGreaterThan(100);
    expect(plan.maskedPaths).toContain("/proc/kcore");
  });

  test("opens everything to a privileged container", () => {
    const plan = examplePlan({ security: { ...security, privileged: true } });
    expect(plan.process.capabilities.effective).toHaveLength(41);
    expect([plan.process.seccomp, plan.maskedPaths, plan.readonlyPaths]).toEqual([undefined, [], []]);
    expect(plan.mounts.find(({ target }) => target === "/sys")).toMatchObject({ readonly: false });
    expect(plan.devices.map(({ path }) => path)).toContain("/dev/kmsg");
    expect(plan.cgroup.writes).toEqual([{ path: "/cg/devices/x/s/devices.allow", value: "a" }]);
  });

  test("lets a mount replace the default one of its target, parents first", () => {
    const bind = {
      kind: "bind",
      source: "/s",
      readonly: false,
      recursive: true,
      propagation: "rprivate",
      label: "s",
    } as const;
    const plan = examplePlan({
      mounts: [
        { ...bind, target: "/a/b" },
        { ...bind, target: "/a" },
        { ...bind, target: "/dev/shm/" },
      ],
    });
    expect(targets(plan).slice(-3)).toEqual(["/a", "/a/b", "/dev/shm"]);
    expect(targets(plan).filter((target) => target === "/dev/shm")).toHaveLength(1);
  });

  test("leaves /dev alone when it is bound over", () => {
    const plan = examplePlan({
      mounts: [
        {
          kind: "bind",
          source: "/dev",
          target: "/dev",
          readonly: false,
          recursive: true,
          propagation: "rslave",
          label: "/dev",
        },
      ],
    });
    expect([plan.devices, plan.symlinks]).toEqual([[], []]);
  });

  test("adds devices to /dev and to the access list", () => {
    const plan = examplePlan({ devices: [{ hostPath: "/dev/fuse", guestPath: "", permissions: "rw" }] });
    expect(plan.devices.at(-1)).toMatchObject({ path: "/dev/fuse", major: 10, minor: 229 });
    expect(plan.cgroup.writes).toEqual([{ path: "/cg/devices/x/s/devices.allow", value: "c 10:229 rw" }]);
  });

  test("refuses a sysctl of a namespace that is the host's", () => {
    const namespaces = { ...exampleSpec.namespaces, net: { kind: "host" } } as const;
    expect(() => examplePlan({ namespaces, sysctls: { "net.ipv4.ip_forward": "1" } })).toThrow(
      "shares the host's network",
    );
    expect(() => examplePlan({ sysctls: { "vm.swappiness": "1" } })).toThrow("one value for the whole host");
  });

  test("refuses tmpfs options it does not know", () => {
    const mount = { kind: "tmpfs", target: "/t", readonly: false, copyUp: false } as const;
    expect(() => examplePlan({ mounts: [{ ...mount, options: ["size=1m,lowerdir=/etc"] }] })).toThrow(
      "Cannot mount tmpfs",
    );
    const plan = examplePlan({ mounts: [{ ...mount, options: ["size=1m", "exec", "ro"] }] });
    expect(plan.mounts.at(-1)).toMatchObject({ data: "size=1m", flags: ["nosuid", "nodev"], readonly: true });
  });

  test("shares the host's IPC mounts with its namespace", () => {
    const plan = examplePlan({ namespaces: { ...exampleSpec.namespaces, ipc: { kind: "host" } } });
    expect(plan.mounts.find(({ target }) => target === "/dev/shm")).toMatchObject({ kind: "bind", source: "/dev/shm" });
  });
});

describe("planRun() without root", () => {
  const namespaces = (change: object) => ({ namespaces: { ...exampleSpec.namespaces, ...change } });
  const kinds = (change: object, facts: object = { rootless: true }) =>
    Object.fromEntries(examplePlan(namespaces(change), facts).mounts.map(({ target, kind }) => [target, kind]));

  test("binds what shows a namespace of the host, since it cannot be mounted", () => {
    const host = { kind: "host" };
    expect(kinds({ pid: host })["/proc"]).toBe("bind");
    expect(kinds({ net: host })["/sys"]).toBe("bind");
    expect(kinds({ ipc: host })["/dev/mqueue"]).toBe("bind");
    expect(kinds({ ipc: host }, { rootless: true, hostQueues: false })["/dev/mqueue"]).toBeUndefined();
    expect(kinds({ pid: host, net: host, ipc: host }, {})).toMatchObject({
      "/proc": "proc",
      "/sys": "sysfs",
      "/dev/mqueue": "mqueue",
    });
  });

  test("asks for no device program, which the kernel takes from root alone", () => {
    const onV2 = (rootless: boolean) => examplePlan({}, { cgroups: v2Cgroups, rootless }).cgroup;
    expect(onV2(true)).not.toHaveProperty("deviceProgram");
    expect(onV2(false)).toHaveProperty("deviceProgram");
  });

  test("leaves the terminals' group out where there is one id", () => {
    const data = (singleId: boolean) =>
      examplePlan({}, { rootless: true, singleId }).mounts.find(({ kind }) => kind === "devpts");
    expect(data(true)).toMatchObject({ data: expect.not.stringContaining("gid") });
    expect(data(false)).toMatchObject({ data: expect.stringContaining("gid=5") });
  });
});

describe("planProcess()", () => {
  test("gives a privileged process all capabilities and no filter, any other Docker's set and a filter", () => {
    const plan = (privileged: boolean) => {
      const security = { ...exampleSpec.security, privileged };
      return planProcess({ ...exampleSpec, security }, exampleSpec.process, exampleFacts, false);
    };
    expect(plan(true)).toMatchObject({ createCwd: false, capabilities: { effective: { length: 41 } } });
    expect(plan(true).seccomp).toBeUndefined();
    expect(plan(false).capabilities.effective).toHaveLength(14);
    expect(plan(false).seccomp?.program.byteLength).toBeGreaterThan(8);
  });
});

test("privilegeWarnings() names what a privileged container cannot have here, and the plan leaves it out", () => {
  const capabilityBound = exampleFacts.capabilityBound & ~(1n << 16n); // SYS_MODULE
  const spec = { ...exampleSpec, security: { ...security, privileged: true } };
  const { effective } = planProcess(spec, spec.process, { ...exampleFacts, capabilityBound }, false).capabilities;
  expect(effective).toHaveLength(40);
  expect(effective).not.toContain(16);
  expect(privilegeWarnings(spec.security, { ...exampleFacts, capabilityBound })).toEqual([
    "This host cannot give all capabilities: the container runs without SYS_MODULE.",
  ]);
  const all = { ...exampleSpec, security: { ...security, capAdd: ["ALL"] } };
  const { bounding } = planProcess(all, spec.process, { ...exampleFacts, capabilityBound }, false).capabilities;
  expect(bounding).toEqual(effective);
  const named = { ...exampleSpec, security: { ...security, capAdd: ["SYS_MODULE"] } };
  expect(
    planProcess(named, spec.process, { ...exampleFacts, capabilityBound: 0n }, false).capabilities.bounding,
  ).toContain(16);
  expect(privilegeWarnings(spec.security, exampleFacts)).toEqual([]);
  expect(privilegeWarnings(security, { ...exampleFacts, capabilityBound })).toEqual([]);
});

test("a joined ipc namespace brings the other's shared memory files", () => {
  const ipc = { kind: "join" as const, path: "/proc/7/ns/ipc" };
  const plan = examplePlan({ namespaces: { ...exampleSpec.namespaces, ipc } });
  expect(plan.mounts.find(({ target }) => target === "/dev/shm")).toMatchObject({
    kind: "bind",
    source: "/dev/shm",
    namespace: "/proc/7/ns/mnt",
  });
});
