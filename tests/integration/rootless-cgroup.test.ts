/** A daemon without root whose user was given a cgroup v2, as systemd does with Delegate=yes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createContainer, execIn, sh } from "../support/containers.ts";
import { type DelegatedCgroup, delegateCgroup, unifiedMount } from "../support/delegated-cgroup.ts";
import { openRootlessHome, type RootlessHome, whyNoRootless } from "../support/rootless-user.ts";

const unified = unifiedMount();
const reason = whyNoRootless() ?? (unified === null ? "no cgroup v2 is mounted" : null);
if (reason !== null) console.log(`skipped: rootless with a delegated cgroup (${reason})`);

describe.skipIf(reason !== null)("a daemon without root, with a delegated cgroup", () => {
  let home: RootlessHome;
  let cgroup: DelegatedCgroup | null = null;
  beforeAll(async () => {
    home = await openRootlessHome("one", (uid) => {
      cgroup = delegateCgroup(unified ?? "", uid);
      return cgroup.prefix;
    });
  }, 30_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    cgroup?.[Symbol.dispose]();
  }, 30_000);
  const quiet = { HostConfig: { NetworkMode: "none" } };

  test("puts containers into cgroups of their own, of which they see nothing else", async () => {
    const result = await sh(home.api, "grep ^0:: /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs | wc -l", quiet);
    const [own, processes] = result.stdout.trim().split("\n");
    expect(own).toBe("0::/");
    expect(Number(processes)).toBeLessThan(5);
    const write = await sh(home.api, "echo 1 > /sys/fs/cgroup/cgroup.freeze", quiet);
    expect(write.stderr).toContain("Read-only file system");
  });

  test("can use the usual devices", async () => {
    expect((await sh(home.api, "echo x > /dev/null && head -c 4 /dev/zero | wc -c", quiet)).stdout).toBe("4\n");
  });

  test("pauses and resumes", async () => {
    const id = await createContainer(home.api, ["sleep", "60"], quiet);
    await home.api.ok("POST", `/containers/${id}/start`);
    await home.api.ok("POST", `/containers/${id}/pause`);
    const { json } = await home.api.ok("GET", `/containers/${id}/json`);
    expect((json as { State: { Status: string } }).State.Status).toBe("paused");
    await home.api.ok("POST", `/containers/${id}/unpause`);
    expect((await execIn(home.api, id, ["echo", "on"])).stdout).toBe("on\n");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
});
