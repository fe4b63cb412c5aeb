/** The table of checks: from findings to plain words. Pure. */
import type { ProbeName } from "../../engines/index.ts";
import type { CheckResult, Findings } from "./findings.ts";

type Check = (findings: Findings) => CheckResult;
type Verdict = Omit<CheckResult, "check">;

const gib = 2 ** 30;

const ok = (detail: string): Verdict => ({ status: "ok", detail, advice: "" });
const degraded = (detail: string, advice: string): Verdict => ({ status: "degraded", detail, advice });
const missing = (detail: string, advice: string): Verdict => ({ status: "missing", detail, advice });

function check(name: string, judge: (findings: Findings) => Verdict): Check {
  return (findings) => ({ check: name, ...judge(findings) });
}

/** A kernel feature that was tried: fine, or this bad without it. */
function probed(name: string, probe: ProbeName, without: "degraded" | "missing", advice: string): Check {
  return check(name, ({ probes }) => {
    const { ok: works, detail } = probes[probe];
    return works ? ok(detail || "works") : { status: without, detail: detail || "does not work here", advice };
  });
}

const checks: readonly Check[] = [
  probed(
    "overlay filesystem",
    "overlay",
    "missing",
    "load the kernel module: modprobe overlay; rootless needs Linux 5.11 or newer",
  ),
  probed(
    "overlay without syncing (--rm)",
    "overlayVolatile",
    "degraded",
    "Linux 5.10 or newer removes short-lived containers faster",
  ),
  probed(
    "seccomp filters",
    "seccomp",
    "missing",
    "boot a kernel with CONFIG_SECCOMP_FILTER; containers would run without system call filters",
  ),
  probed(
    "path resolution inside a root",
    "openat2",
    "missing",
    "Linux 5.6 or newer is needed to keep image links inside the container",
  ),
  probed(
    "user namespaces",
    "userns",
    "degraded",
    "allow them: sysctl -w user.max_user_namespaces=15000, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0",
  ),
  probed(
    "idmapped mounts",
    "idmappedMount",
    "degraded",
    "--userns copies nothing on Linux 5.19 or newer with a filesystem that supports it",
  ),
  probed("time namespaces", "timens", "degraded", "Linux 5.6 or newer gives containers a clock offset of their own"),
  probed(
    "start inside a cgroup",
    "cloneIntoCgroup",
    "degraded",
    "a cgroup v2 hierarchy on Linux 5.7 or newer makes starts faster; cgroup v1 works",
  ),
  probed(
    "Landlock",
    "landlock",
    "degraded",
    "add landlock to the kernel's lsm= parameter for a second line of defence",
  ),
  probed(
    "virtual Ethernet pairs",
    "veth",
    "missing",
    "load the kernel module: modprobe veth; without it only --network none and host work",
  ),
  probed(
    "firewall (nftables)",
    "nftables",
    "degraded",
    "load the kernel module: modprobe nf_tables; without it containers reach no network and publish no ports",
  ),
  probed("EROFS", "erofs", "degraded", "load the kernel module: modprobe erofs; plain layers are used instead"),
  check("cgroup controllers", ({ host }) => {
    const wanted = ["memory", "cpu", "pids", "cpuset", "blkio"] as const;
    const absent = wanted.filter((name) => !host.controllers.has(name));
    const seen = `cgroup v${host.cgroupVersion}: ${[...host.controllers].sort().join(", ") || "none"}`;
    if (absent.length === 0) return ok(seen);
    return degraded(
      `${seen}; not there: ${absent.join(", ")}`,
      `limits by ${absent.join(", ")} are not applied; mount or delegate these controllers`,
    );
  }),
  check("cgroup delegation", ({ rootless, probes }) => {
    if (!rootless) return ok("not needed: the daemon runs as root");
    if (probes.cgroup2Delegation.ok) return ok(probes.cgroup2Delegation.detail || "a delegated cgroup is there");
    return degraded(
      probes.cgroup2Delegation.detail || "no delegated cgroup",
      "log in through systemd with Delegate=yes for user@.service; containers run without limits until then",
    );
  }),
  check("rootless networks", ({ rootless }) =>
    rootless
      ? degraded(
          "networks none and host only; none where nothing is said",
          "say --network host for the host's network, or start the daemon as root for bridges and published ports",
        )
      : ok("not needed: the daemon runs as root"),
  ),
  check("subordinate ids", ({ rootless, subordinateIds, newuidmap, user }) => {
    const { uids, gids } = subordinateIds;
    if (!rootless) return ok("not needed: the daemon runs as root");
    if (rootless.subordinateIds) return ok("mapped into the daemon's user namespace");
    const seen = `${uids} user ids, ${gids} group ids, newuidmap ${newuidmap ? "is there" : "is missing"}`;
    if (uids > 0 && gids > 0 && newuidmap)
      return degraded(
        `${seen}, but the daemon has one id`,
        "stop the daemon, its containers and start it again: the ids are mapped then; newuidmap and newgidmap must be set-uid root",
      );
    return degraded(
      seen,
      `install the package uidmap and run: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}; until then each container has a single id`,
    );
  }),
  check("forwarding", ({ host, rootless }) =>
    host.ipv4Forwarding || rootless
      ? ok(rootless ? "not needed without a bridge" : "net.ipv4.ip_forward is 1")
      : degraded(
          "net.ipv4.ip_forward is 0",
          "containers do not reach out of the host: sysctl -w net.ipv4.ip_forward=1",
        ),
  ),
  check("names below localhost", ({ localhostNames }) =>
    localhostNames
      ? ok("NAME.hbx.localhost is this host")
      : degraded(
          "programs here do not find NAME.hbx.localhost; browsers and curl do by themselves",
          "install the package libnss-myhostname, or use systemd-resolved",
        ),
  ),
  check("disk space", ({ disk }) => {
    const seen = `${(disk.freeBytes / gib).toFixed(1)} GiB of ${(disk.totalBytes / gib).toFixed(1)} GiB free at ${disk.path}`;
    if (disk.freeBytes < gib / 8) return missing(seen, "free space with `hbx system prune`, or move HYPERBOX_HOME");
    return disk.freeBytes < 2 * gib ? degraded(seen, "images of usual size may not fit: `hbx system prune`") : ok(seen);
  }),
  check("inodes", ({ disk }) => {
    if (disk.totalInodes === 0) return ok("the filesystem makes inodes as needed");
    const seen = `${disk.freeInodes} of ${disk.totalInodes} free at ${disk.path}`;
    if (disk.freeInodes < 1000) return missing(seen, "remove images or other small files: nothing can be unpacked");
    return disk.freeInodes < 50_000 ? degraded(seen, "a large image may need more: `hbx system prune`") : ok(seen);
  }),
];

export function runChecks(findings: Findings): CheckResult[] {
  return checks.map((judge) => judge(findings));
}
