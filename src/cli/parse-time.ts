import { Failure } from "./failure.ts";

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time, an age (`1h30m`) or seconds since the epoch → seconds since the epoch as the API takes them. */
export function parseTime(flag: string, text: string, nowMs: number): string {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length > 0 && parts.map((part) => part[0]).join("") === text) {
    const ageMs = parts.reduce((sum, part) => sum + Number(part[1]) * (unitMs[part[2] ?? ""] ?? 0), 0);
    return ((nowMs - ageMs) / 1000).toFixed(3);
  }
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(/T\d{2}$/.test(text) ? `${text}:00` : text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new Failure(`invalid argument "${text}" for "--${flag}": neither a time nor an age such as 10m`);
  return (atMs / 1000).toFixed(3);
}
