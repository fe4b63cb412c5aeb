/** One healthcheck: an exec whose output is kept up to 4 KiB, and which is killed when it takes too long. */

import { errorText } from "../../base/errors.ts";
import { createObjectId } from "../../base/ids.ts";
import type { Container, HealthResult } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { execEnv, securitySpec, ulimits } from "../run/process-spec.ts";
import type { Healthcheck } from "../schema/config.ts";

const maxOutputBytes = 4096;

export function probeCommand({ Test = [] }: Healthcheck, shell: readonly string[] | null): string[] {
  if (Test[0] !== "CMD-SHELL") return Test.slice(1);
  return [...(shell ?? ["/bin/sh", "-c"]), Test[1] ?? ""];
}

export async function probe(
  context: Context,
  container: Container,
  check: Healthcheck,
  timeoutMs: number,
): Promise<HealthResult> {
  const startMs = context.clock.nowMs();
  const result = (exitCode: number, output: string): HealthResult => ({
    startMs,
    endMs: context.clock.nowMs(),
    exitCode,
    output,
  });
  const { workload, config, hostConfig } = container;
  const args = probeCommand(check, config.Shell);
  if (!workload) return result(-1, "the container does not run");
  const execId = createObjectId();
  const plan = context.planProcess(
    {
      args,
      env: execEnv(container, [], false),
      cwd: config.WorkingDir || "/",
      user: config.User,
      groups: hostConfig.GroupAdd ?? [],
    },
    securitySpec(container),
    ulimits(container),
  );
  const stdio = { tty: false, rows: 0, cols: 0, openStdin: false, stdinOnce: false };
  publish(context, container, `exec_create: ${args.join(" ")}`, { execID: execId });
  publish(context, container, `exec_start: ${args.join(" ")}`, { execID: execId });
  let output = "";
  let late = false;
  try {
    const handle = await workload.exec(execId, plan, stdio, { stdin: false, stdout: true, stderr: true, mux: false });
    handle.stream?.on("data", (chunk: Uint8Array) => {
      if (output.length < maxOutputBytes) output += Buffer.from(chunk).toString("utf8");
    });
    const drained = new Promise<void>((resolve) => {
      if (!handle.stream) return resolve();
      handle.stream.on("error", () => resolve());
      handle.stream.once("end", () => resolve());
      handle.stream.once("close", () => resolve());
    });
    using _timer = context.clock.after(timeoutMs, () => {
      late = true;
      killProcess(handle.pid);
    });
    const [exitCode] = await Promise.all([handle.exited, drained]);
    handle.stream?.destroy();
    publish(context, container, "exec_die", { execID: execId, exitCode: String(exitCode) });
    if (late)
      return result(-1, `Health check exceeded timeout (${timeoutMs / 1000}s): ${output}`.slice(0, maxOutputBytes));
    return result(exitCode, output.slice(0, maxOutputBytes));
  } catch (error) {
    return result(-1, errorText(error));
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}
