/** Field readers for the profile's JSON; each names the place and the expected form when it refuses. */
import { badProfile } from "../errors.ts";

export type Place = string;

export function objectOf(value: unknown, place: Place): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badProfile(place, "must be an object");
  return value as Record<string, unknown>;
}

export function onlyKeys(value: Record<string, unknown>, known: readonly string[], place: Place): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw badProfile(place, `has an unknown field ${JSON.stringify(key)}`);
  }
}

export function listOf(value: unknown, place: Place): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badProfile(place, "must be a list");
  return value;
}

export function textOf(value: unknown, place: Place): string {
  if (typeof value !== "string" || value === "") throw badProfile(place, "must be a text");
  return value;
}

export function textsOf(value: unknown, place: Place): string[] {
  return listOf(value, place).map((item, at) => textOf(item, `${place}[${at}]`));
}

export function wordOf<T extends string>(value: unknown, words: readonly T[], place: Place): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw badProfile(place, `is ${JSON.stringify(value)}, not one of ${words.join(", ")}`);
  return found;
}

export function integerOr<D extends number | null>(
  value: unknown,
  absent: D,
  low: number,
  high: number,
  place: Place,
): number | D {
  if (value === undefined || value === null) return absent;
  if (!Number.isInteger(value) || Number(value) < low || Number(value) > high) {
    throw badProfile(place, `must be a whole number from ${low} to ${high}`);
  }
  return Number(value);
}

export function unsigned64(value: unknown, place: Place): bigint {
  if (value === undefined || value === null) return 0n;
  const exact = typeof value === "bigint" ? value : Number.isSafeInteger(value) ? BigInt(value as number) : -1n;
  if (exact < 0n || exact >= 1n << 64n) throw badProfile(place, "must be a whole number from 0 to 2^64-1");
  return exact;
}
