/** A daemon of ours in a namespace of the lab. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, createApi } from "../api.ts";
import { baseImage } from "../containers.ts";
import { projectRoot } from "../home.ts";
import { livingIn, type Place } from "./topology.ts";

export type LabDaemon = AsyncDisposable & {
  api: Api;
  home: string;
  env: Record<string, string>;
  /** Starts a container that sleeps; answers its id. */
  start(name: string, host?: Record<string, unknown>, more?: Record<string, unknown>): Promise<string>;
  pid(container: string): Promise<number>;
  /** Its address on a network, of the family. */
  address(container: string, network: string, family?: "v4" | "v6"): Promise<string>;
};

type Inspected = {
  State: { Pid: number };
  NetworkSettings: { Networks: Record<string, { IPAddress: string; GlobalIPv6Address: string; Gateway: string }> };
};

export async function openLabDaemon(place: Place): Promise<LabDaemon> {
  const home = mkdtempSync(join(tmpdir(), "hbx-lab-"));
  const run = join(home, "run");
  mkdirSync(run);
  const env = { ...(process.env as Record<string, string>), HYPERBOX_HOME: home, HYPERBOX_RUN: run };
  const bun = join(projectRoot, "node_modules/bun/bin/bun.exe");
  const [program = "", ...args] = [...livingIn(place), bun, join(projectRoot, "src/daemon/main.ts")];
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const api = createApi(join(home, "hyperbox.sock"));
  const deadline = Date.now() + 20_000;
  while ((await api.call("GET", "/_ping").catch(() => null))?.status !== 200) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the daemon does not start:\n${output}`);
    await Bun.sleep(10);
  }
  await api.ok("POST", "/hbx/v1/images/base");
  const inspect = async (id: string) => (await api.ok("GET", `/containers/${id}/json`)).json as Inspected;
  return {
    api,
    home,
    env,
    async start(name, host = {}, more = {}) {
      const body = { Image: baseImage, Cmd: ["sleep", "1000000"], HostConfig: host, ...more };
      const { Id } = (await api.ok("POST", `/containers/create?name=${name}`, body)).json as { Id: string };
      await api.ok("POST", `/containers/${Id}/start`);
      return Id;
    },
    pid: async (id) => (await inspect(id)).State.Pid,
    async address(id, network, family = "v4") {
      const found = (await inspect(id)).NetworkSettings.Networks[network];
      return (family === "v4" ? found?.IPAddress : found?.GlobalIPv6Address) ?? "";
    },
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      await api.call("POST", "/hbx/v1/daemon/stop?containers=1").catch(() => child.kill("SIGTERM"));
      await gone;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
