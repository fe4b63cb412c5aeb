/** Fills in what a container takes from its image, by Docker's rules of precedence. */
import type { Config, Healthcheck } from "../schema/config.ts";
import type { ImageConfig } from "../schema/image-config.ts";

export function inheritImage(config: Config, image: ImageConfig): Config {
  const entrypointGiven = config.Entrypoint !== null && config.Entrypoint.length > 0;
  const cmdGiven = config.Cmd !== null && config.Cmd.length > 0;
  // `--entrypoint ""` comes as [""] and clears the image's; the command then stands alone.
  const cleared = config.Entrypoint?.length === 1 && config.Entrypoint[0] === "";
  return {
    ...config,
    User: config.User || image.User || "",
    Env: mergeEnv(config.Env, image.Env ?? []),
    Entrypoint: cleared ? null : entrypointGiven ? config.Entrypoint : (image.Entrypoint ?? null),
    Cmd: cmdGiven || entrypointGiven ? config.Cmd : (image.Cmd ?? config.Cmd),
    WorkingDir: config.WorkingDir || image.WorkingDir || "",
    ExposedPorts: { ...keys(image.ExposedPorts), ...config.ExposedPorts },
    Volumes: { ...keys(image.Volumes), ...config.Volumes },
    Labels: { ...image.Labels, ...config.Labels },
    StopSignal: config.StopSignal || image.StopSignal || "",
    Healthcheck: mergeHealthcheck(config.Healthcheck, image.Healthcheck ?? null),
    Shell: config.Shell ?? image.Shell ?? null,
    OnBuild: config.OnBuild ?? null,
  };
}

function keys(set: Record<string, object> | null | undefined): Record<string, Record<string, never>> {
  return Object.fromEntries(Object.keys(set ?? {}).map((key) => [key, {}]));
}

/** The image's variables first, without those the container sets itself. */
export function mergeEnv(own: readonly string[], inherited: readonly string[]): string[] {
  const set = new Set(own.map(nameOf));
  return [...own, ...inherited.filter((variable) => !set.has(nameOf(variable)))];
}

function nameOf(variable: string): string {
  const end = variable.indexOf("=");
  return end < 0 ? variable : variable.slice(0, end);
}

function mergeHealthcheck(own: Healthcheck | null, image: Healthcheck | null): Healthcheck | null {
  if (!own) return image;
  if (!image || own.Test?.[0] === "NONE") return own;
  return {
    Test: own.Test?.length ? own.Test : (image.Test ?? []),
    Interval: own.Interval || image.Interval || 0,
    Timeout: own.Timeout || image.Timeout || 0,
    StartPeriod: own.StartPeriod || image.StartPeriod || 0,
    StartInterval: own.StartInterval || image.StartInterval || 0,
    Retries: own.Retries || image.Retries || 0,
  };
}
