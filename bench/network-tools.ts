/** Programs that make traffic: iperf3 and wrk from Debian, unpacked into the cache, and our own asker of names. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const packages = ["iperf3", "libiperf0", "libsctp1", "wrk", "libluajit-5.1-2"];

export type NetworkTools = { iperf3: string; wrk: string; load: string; env: Record<string, string> };

/** Where they are, or why they are not. */
export function networkTools(): NetworkTools | string {
  const cache = join(root, ".hbx-cache/network-tools");
  if (!existsSync(join(cache, "usr/bin/wrk"))) {
    const fresh = `${cache}.new`;
    mkdirSync(fresh, { recursive: true });
    const { status } = spawnSync("apt-get", ["download", "-qq", ...packages], { cwd: fresh, stdio: "ignore" });
    if (status !== 0) return "iperf3 and wrk cannot be downloaded";
    for (const name of readdirSync(fresh))
      if (name.endsWith(".deb")) spawnSync("dpkg", ["-x", name, "."], { cwd: fresh });
    rmSync(cache, { recursive: true, force: true });
    renameSync(fresh, cache);
  }
  const build = ["build", "--release", "--quiet", "-p", "hbx-dns", "--example", "load"];
  const built = spawnSync("cargo", build, { cwd: join(root, "native"), encoding: "utf8" });
  const load = join(root, "native/target/x86_64-unknown-linux-gnu/release/examples/load");
  if (built.status !== 0 || !existsSync(load)) return `the asker of names does not build: ${built.stderr}`;
  const library = join(cache, "usr/lib/x86_64-linux-gnu");
  return {
    iperf3: join(cache, "usr/bin/iperf3"),
    wrk: join(cache, "usr/bin/wrk"),
    load,
    env: { ...(process.env as Record<string, string>), LD_LIBRARY_PATH: library },
  };
}
