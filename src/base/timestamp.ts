/**
 * Points in time as Docker's `since` and `until` take them: seconds since the epoch with a fraction, RFC 3339 or a part of it
 * (in the daemon's time zone where none is given), or a Go duration back from now (`10m`, `1h30m`).
 */
import { invalidArgument } from "./errors.ts";

const unitMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/gy;

/** Milliseconds since the epoch, with a fraction. */
export function parseTimestamp(text: string, nowMs: number): number {
  if (/^-?\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const duration = parseGoDuration(text);
  if (duration !== null) return nowMs - duration;
  const date = parseDate(text);
  if (date !== null) return date;
  throw invalidArgument(
    "api.bad_timestamp",
    `Cannot read the time ${JSON.stringify(text)}: neither a Unix time, a date nor a duration`,
    "examples: 1763697600, 2025-11-21T04:00:00Z, 2025-11-21, 10m, 1h30m",
  );
}

/** Milliseconds of a Go duration such as `1h30m`; null when it is none. */
export function parseGoDuration(text: string): number | null {
  const negative = text.startsWith("-");
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0;
  let total = 0;
  durationPart.lastIndex = 0;
  let end = 0;
  for (let match = durationPart.exec(body); match !== null; match = durationPart.exec(body)) {
    total += Number(match[1]) * (unitMs[match[2] ?? ""] ?? 0);
    end = durationPart.lastIndex;
  }
  if (end === 0 || end !== body.length) return null;
  return negative ? -total : total;
}

function parseDate(text: string): number | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(
    text,
  );
  if (!match) return null;
  const [, day, hour = "00", minute = "00", second = "00", fraction = "", zone = ""] = match;
  const ms = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(ms) ? null : ms + (fraction === "" ? 0 : Number(fraction) * 1000);
}
