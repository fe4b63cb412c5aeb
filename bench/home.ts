/** A daemon in a temporary home with the base image in it, ended and swept at the end. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./measure.ts";

export const hbxPath = join(import.meta.dirname, "../bin/hbx");

export type BenchHome = Disposable & {
  home: string;
  socket: string;
  env: Record<string, string | undefined>;
  image: string;
  daemonPid: number;
  hbx(...args: string[]): string;
};

export function openBenchHome(): BenchHome {
  const home = mkdtempSync(join(tmpdir(), "hbx-bench-"));
  const env = { ...process.env, HYPERBOX_HOME: home, HYPERBOX_RUN: join(home, "run") };
  const hbx = (...args: string[]): string => command([hbxPath, ...args], env);
  const close = (): void => {
    spawnSync(hbxPath, ["daemon", "stop", "--stop-containers"], { env, stdio: "ignore" });
    rmSync(home, { recursive: true, force: true });
  };
  try {
    hbx("daemon", "start");
    hbx("image", "base");
    const daemonPid = Number(readFileSync(join(home, "run/hyperboxd.pid"), "utf8"));
    return {
      home,
      socket: join(home, "hyperbox.sock"),
      env,
      image: "hyperbox/base",
      daemonPid,
      hbx,
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
