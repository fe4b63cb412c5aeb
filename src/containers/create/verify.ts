/** What types alone cannot say of a request: values and combinations that Docker refuses, with its texts. */

import { parseCapability } from "../../security/index.ts";
import type { ContainerDefaults } from "../dependencies.ts";
import { invalid, unsupportedOption } from "../errors.ts";
import { parseLogConfig } from "../logs/log-config.ts";
import { parseSecurityOptions } from "../run/security-options.ts";
import { parseSignal } from "../run/signals.ts";
import type { Config } from "../schema/config.ts";
import type { HostConfig } from "../schema/host-config.ts";
import { verifyResources } from "./verify-resources.ts";

export function verifyConfig(config: Config): void {
  for (const variable of config.Env) {
    if (variable === "" || variable.startsWith("="))
      throw invalid("bad_env", `invalid environment variable: ${variable}`);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  if (config.WorkingDir && !config.WorkingDir.startsWith("/")) {
    throw invalid(
      "bad_workdir",
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  const test = config.Healthcheck?.Test ?? [];
  if (test.length > 0 && !["NONE", "CMD", "CMD-SHELL"].includes(test[0] ?? "")) {
    throw invalid(
      "bad_healthcheck",
      `Unknown type ${JSON.stringify(test[0])} in healthcheck (want NONE, CMD or CMD-SHELL)`,
    );
  }
}

export function verifyHostConfig(host: HostConfig, defaults: ContainerDefaults): void {
  const { Name, MaximumRetryCount } = host.RestartPolicy;
  if (MaximumRetryCount !== 0 && Name !== "on-failure") {
    throw invalid(
      "bad_restart_policy",
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    );
  }
  if (MaximumRetryCount < 0) {
    throw invalid("bad_restart_policy", "invalid restart policy: maximum retry count cannot be negative");
  }
  if (host.AutoRemove && Name !== "" && Name !== "no") {
    throw invalid("bad_restart_policy", "can't create 'AutoRemove' container with restart policy");
  }
  parseSecurityOptions(host.SecurityOpt ?? []);
  for (const name of [...(host.CapAdd ?? []), ...(host.CapDrop ?? [])])
    if (!/^(cap_)?all$/i.test(name.trim())) parseCapability(name);
  parseLogConfig(host.LogConfig, defaults);
  verifyResources(host);
  if (host.ShmSize < 0) throw invalid("bad_shm_size", "SHM size can not be less than 0");
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw invalid("bad_oom_score", `Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (host.Runtime !== "" && host.Runtime !== "runc" && host.Runtime !== "native") {
    throw invalid("unknown_runtime", `unknown or invalid runtime name: ${host.Runtime}`);
  }
  verifyNamespaceModes(host);
}

function verifyNamespaceModes(host: HostConfig): void {
  if (!/^(|host|private|shareable|container:.+)$/.test(host.IpcMode)) {
    throw invalid("bad_ipc_mode", `invalid IPC mode: ${host.IpcMode}`);
  }
  if (!/^(|host|container:.+)$/.test(host.PidMode)) throw invalid("bad_pid_mode", `invalid PID mode: ${host.PidMode}`);
  if (!/^(|host)$/.test(host.UsernsMode)) throw invalid("bad_userns_mode", `invalid USER mode: ${host.UsernsMode}`);
  if (host.Annotations && Object.keys(host.Annotations).length > 0) {
    throw unsupportedOption(
      "unsupported_option",
      "Cannot use HostConfig.Annotations: the native engine hands nothing to an OCI runtime",
    );
  }
  if (host.VolumeDriver !== "" && host.VolumeDriver !== "local") {
    throw invalid(
      "unknown_volume_driver",
      `error looking up volume plugin ${host.VolumeDriver}: plugin "${host.VolumeDriver}" not found`,
    );
  }
}
