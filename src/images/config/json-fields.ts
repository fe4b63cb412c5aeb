/** Reads fields of untrusted JSON objects; absent and null are the same. */
import { badConfig } from "../errors.ts";

export type ObjectValue = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is ObjectValue {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function optionalText(value: ObjectValue, key: string): string | undefined {
  const text = value[key];
  if (text === undefined || text === null) return undefined;
  if (typeof text !== "string") throw badConfig(`${key} is not a string`);
  return text;
}

export function listOf(value: ObjectValue, key: string): readonly unknown[] {
  const list = value[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw badConfig(`${key} is not a list`);
  return list;
}

/** Null where absent or empty. */
export function stringList(value: ObjectValue, key: string): string[] | null {
  const list = listOf(value, key);
  for (const item of list) if (typeof item !== "string") throw badConfig(`${key} holds something that is not a string`);
  return list.length === 0 ? null : [...(list as readonly string[])];
}

export function stringMap(value: ObjectValue, key: string): Record<string, string> | null {
  const map = value[key];
  if (map === undefined || map === null) return null;
  if (!isObject(map)) throw badConfig(`${key} is not an object`);
  for (const item of Object.values(map)) {
    if (typeof item !== "string") throw badConfig(`${key} holds a value that is not a string`);
  }
  return Object.keys(map).length === 0 ? null : { ...(map as Record<string, string>) };
}
