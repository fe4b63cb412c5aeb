/** `HEALTHCHECK [--interval=…] CMD …` or `HEALTHCHECK NONE`. */
import { parseGoDuration } from "../../base/timestamp.ts";
import { badChange } from "../errors.ts";
import { parseExecForm } from "./change-words.ts";
import type { Healthcheck } from "./image-config.ts";

const durations = {
  interval: "Interval",
  timeout: "Timeout",
  "start-period": "StartPeriod",
  "start-interval": "StartInterval",
} as const;

export function parseHealthcheckChange(text: string, line: string): Healthcheck {
  const health: Healthcheck = {};
  let rest = text;
  for (let match = /^--([a-z-]+)=(\S+)\s+/.exec(rest); match !== null; match = /^--([a-z-]+)=(\S+)\s+/.exec(rest)) {
    setFlag(health, match[1] ?? "", match[2] ?? "", line);
    rest = rest.slice(match[0].length);
  }
  const command = /^(\S+)(?:\s+(.*))?$/s.exec(rest);
  const kind = command?.[1]?.toUpperCase();
  const given = command?.[2]?.trim() ?? "";
  if (kind === "NONE" && given === "") return { ...health, Test: ["NONE"] };
  if (kind !== "CMD" || given === "") throw badChange(line, "HEALTHCHECK needs NONE or CMD and a command");
  const list = parseExecForm(given, line);
  return { ...health, Test: list ? ["CMD", ...list] : ["CMD-SHELL", given] };
}

function setFlag(health: Healthcheck, name: string, value: string, line: string): void {
  if (name === "retries") {
    if (!/^\d{1,6}$/.test(value)) throw badChange(line, `--retries=${value} is not a count`);
    health.Retries = Number(value);
    return;
  }
  if (!Object.hasOwn(durations, name)) throw badChange(line, `HEALTHCHECK has no flag --${name}`);
  const ms = parseGoDuration(value);
  if (ms === null || (ms !== 0 && ms < 1))
    throw badChange(line, `--${name}=${value} is not a duration of at least 1ms`);
  health[durations[name as keyof typeof durations]] = Math.round(ms * 1e6);
}
