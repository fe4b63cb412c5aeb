import { Failure } from "./failure.ts";

const powers: Record<string, number> = { "": 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `512m`, `1.5g`, `1024` → bytes, binary units as Docker's flags have them. */
export function parseSize(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp]?)(?:i?b)?$/i.exec(text.trim());
  const power = powers[(match?.[2] ?? "x").toLowerCase()];
  if (!match || power === undefined) throw invalid(flag, text, "a size is a number with b, k, m or g, such as 512m");
  return Math.floor(Number(match[1]) * 1024 ** power);
}

const units: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go durations, `1m30s` → nanoseconds. */
export function parseDurationNs(flag: string, text: string): number {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) {
    throw invalid(flag, text, "a duration is a number with a unit, such as 30s or 1m30s");
  }
  return Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * (units[part[2] ?? ""] ?? 0), 0));
}

export function parseNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw invalid(flag, text, "not a number");
  return value;
}

export function invalid(flag: string, text: string, why: string): Failure {
  return new Failure(`invalid argument "${text}" for "--${flag}": ${why}`, { exitCode: 125 });
}

/** `KEY=value` pairs; a key alone has the empty value. */
export function parsePairs(texts: readonly string[]): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    pairs[at < 0 ? text : text.slice(0, at)] = at < 0 ? "" : text.slice(at + 1);
  }
  return pairs;
}
