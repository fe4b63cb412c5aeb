/** The process of a container or an exec: arguments, environment, directory, user. Pure. */
import type { ProcessSpec, SecuritySpec } from "../../engines/index.ts";
import { mergeEnv } from "../create/inherit.ts";
import type { Container } from "../model/container.ts";
import { parseSecurityOptions } from "./security-options.ts";

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function containerProcess({ config, hostConfig }: Container): ProcessSpec {
  return {
    args: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
    env: containerEnv(config.Env, config.Hostname, config.Tty),
    cwd: config.WorkingDir || "/",
    user: config.User,
    groups: hostConfig.GroupAdd ?? [],
  };
}

/** What Docker adds where the configuration is silent. `NAME` without a value unsets what was inherited. */
export function containerEnv(own: readonly string[], hostname: string, tty: boolean): string[] {
  const added = [defaultPath, ...(hostname ? [`HOSTNAME=${hostname}`] : []), ...(tty ? ["TERM=xterm"] : [])];
  const set = new Set(own.map((variable) => variable.split("=", 1)[0]));
  const kept = added.filter((variable) => !set.has(variable.split("=", 1)[0]));
  return [...kept, ...own.filter((variable) => variable.includes("="))];
}

export function execEnv({ config }: Container, own: readonly string[], tty: boolean): string[] {
  return containerEnv(mergeEnv(own, config.Env), config.Hostname, tty);
}

export function securitySpec({ hostConfig: host }: Container, privileged = host.Privileged): SecuritySpec {
  const { noNewPrivileges, seccomp } = parseSecurityOptions(host.SecurityOpt ?? []);
  return {
    privileged,
    capAdd: host.CapAdd ?? [],
    capDrop: host.CapDrop ?? [],
    noNewPrivileges,
    seccomp: privileged && seccomp.kind === "default" ? { kind: "unconfined" } : seccomp,
    maskedPaths: privileged ? [] : host.MaskedPaths,
    readonlyPaths: privileged ? [] : host.ReadonlyPaths,
  };
}

export function ulimits({ hostConfig }: Container): { name: string; soft: number; hard: number }[] {
  return hostConfig.Ulimits.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard }));
}
