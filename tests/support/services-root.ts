/** A root file system with nginx, redis and postgres from Debian's packages, made once and kept in the cache. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./home.ts";

const packages = ["nginx-light", "redis-server", "postgresql"];

/** The archive's path, or why there is none. */
export function servicesRoot(): { path: string } | { missing: string } {
  const dir = join(projectRoot, ".hbx-cache/services");
  const path = join(dir, "services.tar");
  if (existsSync(path)) return { path };
  if (spawnSync("which", ["mmdebstrap"]).status !== 0) return { missing: "mmdebstrap is not installed" };
  mkdirSync(dir, { recursive: true });
  const fresh = join(dir, `new-${process.pid}.tar`);
  const options = ["--quiet", "--variant=minbase", `--include=${packages.join(",")}`];
  const { status, stderr } = spawnSync("mmdebstrap", [...options, "bookworm", fresh], { encoding: "utf8" });
  if (status === 0) renameSync(fresh, path);
  else rmSync(fresh, { force: true });
  return status === 0 ? { path } : { missing: `mmdebstrap: ${stderr.trim().split("\n").at(-1)}` };
}
