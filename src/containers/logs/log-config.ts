/** Docker's log drivers, as far as this engine has them: one file format under two of their names, or none. */
import type { LogPlan } from "../../engines/index.ts";
import type { ContainerDefaults } from "../dependencies.ts";
import { invalid } from "../errors.ts";
import type { LogConfig } from "../schema/host-config.ts";

const units: Record<string, number> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Limits of the log, or null for `none`. */
export function parseLogConfig(
  { Type, Config }: LogConfig,
  defaults: Pick<ContainerDefaults, "logMaxBytes" | "logMaxFiles">,
): Omit<NonNullable<LogPlan>, "path"> | null {
  if (!["", "json-file", "local", "none"].includes(Type)) {
    throw invalid(
      "unknown_log_driver",
      `logger: no log driver named '${Type}' is registered`,
      "use json-file, local or none",
    );
  }
  const limits = { maxBytes: defaults.logMaxBytes, maxFiles: defaults.logMaxFiles };
  for (const [key, value] of Object.entries(Config)) {
    if (Type === "none") throw invalid("bad_log_option", `unknown log opt '${key}' for none log driver`);
    if (key === "max-size") limits.maxBytes = parseSize(value);
    else if (key === "max-file" && /^[1-9]\d{0,3}$/.test(value)) limits.maxFiles = Number(value);
    else if (!(key === "compress" && value === "false") && !(key === "mode" && value === "blocking")) {
      throw invalid(
        "bad_log_option",
        `Cannot use log option ${key}=${value}: only max-size and max-file can be chosen`,
      );
    }
  }
  return Type === "none" ? null : limits;
}

function parseSize(value: string): number {
  const match = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(value);
  const bytes = Number(match?.[1]) * (units[(match?.[2] ?? "").toLowerCase()] ?? 1);
  if (!match || bytes < 64 * 1024) {
    throw invalid("bad_log_option", `invalid value for max-size: ${value}`, "give at least 64k, such as 10m");
  }
  return Math.floor(bytes);
}
