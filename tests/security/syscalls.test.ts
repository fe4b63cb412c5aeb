/** Escape attempts by system call: each must fail with exactly the errno in the table, for every variant of a container. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { runContainer } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { compileProbe, type Probe } from "../support/probe.ts";

let home: TestHome;
let probe: Probe;
let before: string;

/** What an escape would change. */
const hostState = (): string =>
  JSON.stringify([
    hostname(),
    readFileSync("/proc/sys/kernel/core_pattern", "utf8"),
    readFileSync("/proc/swaps", "utf8"),
    existsSync("/jail"),
    existsSync("/owned"),
  ]);

beforeAll(async () => {
  before = hostState();
  probe = compileProbe("syscalls");
  home = await openTestHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  probe[Symbol.dispose]();
  expect(hostState()).toBe(before);
  expect(Date.now()).toBeGreaterThan(Date.parse("2024-01-01"));
});

const disk = (() => {
  const { dev } = statSync("/");
  return `0x${dev.toString(16)}`;
})();

/** [probe, default, --user 1000 (absent: as default), --cap-drop ALL (absent: as default)] */
const table: [probe: string, root: string, user?: string, dropped?: string][] = [
  ["mount", "EPERM"],
  ["bind", "EPERM"],
  ["remount", "EPERM"],
  ["umount", "EPERM"],
  ["unmask", "EPERM"],
  ["mount_setattr", "EPERM"],
  ["open_tree", "EPERM"],
  ["move_mount", "EPERM"],
  ["fsopen", "EPERM"],
  ["pivot_root", "EPERM"],
  ["chroot=/host-only", "ENOENT", "ENOENT", "EPERM"],
  ["unshare_user", "EPERM"],
  ["unshare_mount", "EPERM"],
  ["unshare_net", "EPERM"],
  ["unshare_pid", "EPERM"],
  ["unshare_cgroup", "EPERM"],
  ["clone_user", "EPERM"],
  ["clone3", "ENOSYS"],
  ["setns", "EPERM"],
  ["setns_pidfd", "EPERM"],
  ["keyctl", "EPERM"],
  ["add_key", "EPERM"],
  ["request_key", "EPERM"],
  ["bpf", "EPERM"],
  ["perf", "EPERM"],
  ["io_uring", "EPERM"],
  ["io_uring_enter", "EPERM"],
  ["userfaultfd", "EPERM"],
  ["packet", "allowed", "EPERM", "EPERM"],
  ["raw", "allowed", "EPERM", "EPERM"],
  ["vsock", "EPERM"],
  ["alg", "EPERM"],
  ["kexec", "EPERM"],
  ["kexec_file", "EPERM"],
  ["init_module", "EPERM"],
  ["finit_module", "EPERM"],
  ["delete_module", "EPERM"],
  ["reboot", "EPERM"],
  ["shocker", "EPERM"],
  [`disk=${disk}`, "EPERM", "EACCES"],
  ["kmem", "EPERM", "EACCES"],
  ["kmsg", "EPERM", "EACCES"],
  ["raw_io", "ENOENT"],
  ["syslog", "EPERM"],
  ["clock", "EPERM"],
  ["settimeofday", "EPERM"],
  ["adjtime", "EPERM"],
  ["hostname", "EPERM"],
  ["domainname", "EPERM"],
  ["swapon", "EPERM"],
  ["swapoff", "EPERM"],
  ["acct", "EPERM"],
  ["quotactl", "EPERM"],
  ["lookup_dcookie", "EPERM"],
  ["iopl", "EPERM"],
  ["ioperm", "EPERM"],
  ["move_pages", "EPERM"],
  ["set_mempolicy", "EPERM"],
  ["fanotify", "EPERM"],
  ["vhangup", "EPERM"],
  ["personality", "EPERM"],
  ["capset_all", "EPERM"],
  ["exe_self_fd", "EROFS"],
  ["setgid_set", "EROFS"],
  ["int80", "EPERM"],
  ["x32", "EPERM"],
  ["root_of_init=/work", "ENOENT"],
  [`kill=${process.pid + 100_000}`, "ESRCH"],
  ["open_rw=/proc/sysrq-trigger", "EROFS", "EACCES"],
  ["open_rw=/proc/sys/kernel/hostname", "EROFS", "EACCES"],
  ["open_rw=/proc/sys/kernel/core_pattern", "EROFS", "EACCES"],
  ["open_rw=/proc/sys/kernel/modprobe", "EROFS", "EACCES"],
  ["open_rw=/proc/sys/vm/drop_caches", "EACCES"],
  ["open_rw=/proc/irq/default_smp_affinity", "EROFS", "EACCES"],
  ["open_rw=/sys/kernel/mm/transparent_hugepage/enabled", "EROFS", "EACCES"],
  ["open_rw=/sys/power/state", "EROFS", "EACCES"],
  ["open_rw=/sys/fs/cgroup/memory/release_agent", "ENOENT"],
  ["open_rw=/sys/fs/cgroup/memory/memory.limit_in_bytes", "EROFS", "EACCES"],
  ["open_r=/dev/mem", "ENOENT"],
  ["open_r=/dev/kmsg", "ENOENT"],
  ["open_r=/dev/fuse", "ENOENT"],
];

/** Objects that this kernel does not have cannot be attacked; the probe says ENOENT for them on every variant. */
const onThisKernel = table.filter(([name]) => {
  const path = name.startsWith("open_rw=") ? name.slice(8) : "";
  return !/^\/(proc|sys)\//.test(path) || path.endsWith("release_agent") || existsSync(path);
});

const variants: [name: string, column: 1 | 2 | 3, body: Record<string, unknown>, host: Record<string, unknown>][] = [
  ["a default container", 1, {}, {}],
  ["--user 1000", 2, { User: "1000" }, {}],
  ["--cap-drop ALL", 3, {}, { CapDrop: ["ALL"] }],
];

for (const [variant, column, body, host] of variants) {
  describe(variant, () => {
    let seen: string[] = [];
    beforeAll(async () => {
      const args = onThisKernel.map(([name]) => name);
      const HostConfig = { Binds: [`${probe.path}:/probe:ro`], ...host };
      seen = (await runContainer(home.api, ["/probe", ...args], { ...body, HostConfig })).stdout.split("\n");
    });
    onThisKernel.forEach((row, index) => {
      const wanted = row[column] ?? row[1];
      test(`${row[0]} gives ${wanted}`, () => {
        expect(seen[index]).toBe(`${row[0].split("=")[0]}: ${wanted}`);
      });
    });
  });
}

test("with seccomp off and every capability dropped the kernel itself still says no", async () => {
  const names = ["mount", "setns", "reboot", "pivot_root", "shocker", "swapon", "acct"];
  const HostConfig = { Binds: [`${probe.path}:/probe:ro`], CapDrop: ["ALL"], SecurityOpt: ["seccomp=unconfined"] };
  const { stdout } = await runContainer(home.api, ["/probe", ...names], { HostConfig });
  expect(stdout).toBe(names.map((name) => `${name}: EPERM\n`).join(""));
});

test("a set-id program raises nothing under no-new-privileges", async () => {
  const script =
    "cp /bin/busybox /tmp/b; chmod 4755 /tmp/b; grep NoNewPrivs /proc/self/status; exec setpriv 2>/dev/null; true";
  const { stdout } = await runContainer(home.api, ["sh", "-c", script], {
    HostConfig: { SecurityOpt: ["no-new-privileges"] },
  });
  expect(stdout).toBe("NoNewPrivs:\t1\n");
});
