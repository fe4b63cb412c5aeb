/**
 * A small grammar for Docker's JSON: a table of fields gives the parser and the type. `null` and absence mean the
 * default, wrong types and values are a 400 that names the place, and fields unknown to the table are refused unless empty.
 */
import { type EngineError, invalidArgument } from "../../base/errors.ts";

/** Reads one value; `at` is the path of the object that holds it. */
export type Field<T> = (value: unknown, at: string, key: string) => T;
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Parsed<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export function malformed(at: string, key: string, expected: string): EngineError {
  const where = at === "" ? key : `${at}.${key}`;
  return invalidArgument("container.malformed_request", `Cannot read ${where}: ${expected} is expected`);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether Docker's clients would have sent nothing else for "not set". */
export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}

/**
 * As Docker reads its requests: names of fields count whatever their case, and what it does not know is left alone, since clients
 * send more than there is. Everything that the specification names is in the tables, if only to be refused.
 */
export function parseFields<F extends Fields>(fields: F, value: unknown, at: string): Parsed<F> {
  if (value !== null && value !== undefined && !isObject(value)) throw malformed("", at || "the request", "an object");
  const source = withKnownNames(fields, value ?? {});
  const out: Record<string, unknown> = {};
  for (const key in fields) {
    const field = fields[key];
    if (field) out[key] = field(source[key], at, key);
  }
  return out as Parsed<F>;
}

/** Names with a value that no field has, whatever their case: what a warning can tell of. */
export function unknownNames(fields: Fields, value: unknown): string[] {
  if (!isObject(value)) return [];
  return Object.keys(value).filter((key) => !namesOf(fields).has(key.toLowerCase()) && !isEmpty(value[key]));
}

/** The same object where every name is known as it is written, which is nearly always. */
function withKnownNames(fields: Fields, source: Record<string, unknown>): Record<string, unknown> {
  const others = Object.keys(source).filter((key) => !(key in fields));
  if (others.length === 0) return source;
  const named = { ...source };
  for (const key of others) {
    const known = namesOf(fields).get(key.toLowerCase());
    if (known !== undefined && !(known in source)) named[known] = source[key];
  }
  return named;
}

const lowerCased = new WeakMap<Fields, ReadonlyMap<string, string>>();

function namesOf(fields: Fields): ReadonlyMap<string, string> {
  let names = lowerCased.get(fields);
  if (!names) {
    names = new Map(Object.keys(fields).map((key) => [key.toLowerCase(), key]));
    lowerCased.set(fields, names);
  }
  return names;
}

export const text: Field<string> = (value, at, key) => {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw malformed(at, key, "a string");
  if (value.includes("\0")) throw malformed(at, key, "a string without NUL");
  return value;
};

export const flag: Field<boolean> = (value, at, key) => {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw malformed(at, key, "true or false");
  return value;
};

export const optionalFlag: Field<boolean | null> = (value, at, key) =>
  value === undefined || value === null ? null : flag(value, at, key);

export const integer: Field<number> = (value, at, key) => {
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || !Number.isInteger(value)) throw malformed(at, key, "an integer");
  return value;
};

export const optionalInteger: Field<number | null> = (value, at, key) =>
  value === undefined || value === null ? null : integer(value, at, key);

export const texts: Field<string[]> = (value, at, key) => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(at, key, "a list of strings");
  return value.map((item) => {
    if (item === null) throw malformed(at, key, "a list of strings");
    return text(item, at, key);
  });
};

export const optionalTexts: Field<string[] | null> = (value, at, key) =>
  value === undefined || value === null ? null : texts(value, at, key);

/** A command: a list, or one string as very old clients send it. */
export const command: Field<string[] | null> = (value, at, key) =>
  typeof value === "string" ? [value] : optionalTexts(value, at, key);

export const textMap: Field<Record<string, string>> = (value, at, key) => {
  const out: Record<string, string> = {};
  if (value === undefined || value === null) return out;
  if (!isObject(value)) throw malformed(at, key, "an object of strings");
  for (const name in value) out[name] = text(value[name], at, key);
  return out;
};

/** `{"80/tcp": {}}`. */
export const keySet: Field<Record<string, Record<string, never>>> = (value, at, key) => {
  const out: Record<string, Record<string, never>> = {};
  if (value === undefined || value === null) return out;
  if (!isObject(value)) throw malformed(at, key, "an object with empty objects");
  for (const name in value) out[name] = {};
  return out;
};

export function oneOf<const T extends string>(...allowed: T[]): Field<T | ""> {
  return (value, at, key) => {
    const given = text(value, at, key);
    const found = allowed.find((item) => item === given);
    if (found !== undefined) return found;
    if (given === "") return "";
    throw malformed(at, key, `one of ${allowed.map((item) => JSON.stringify(item)).join(", ")}`);
  };
}

export function record<F extends Fields>(fields: F): Field<Parsed<F>> {
  return (value, at, key) => parseFields(fields, value, at === "" ? key : `${at}.${key}`);
}

export function optional<T>(field: Field<T>): Field<T | null> {
  return (value, at, key) => (value === undefined || value === null ? null : field(value, at, key));
}

export function list<F extends Fields>(fields: F): Field<Parsed<F>[]> {
  return (value, at, key) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw malformed(at, key, "a list");
    return value.map((item, index) => parseFields(fields, item, `${at === "" ? key : `${at}.${key}`}[${index}]`));
  };
}

/** An option of Docker's that this engine does not have: empty is fine, anything else is said to be refused. */
export function unsupported(why: string): Field<null> {
  return (value, at, key) => {
    if (isEmpty(value)) return null;
    throw invalidArgument("container.unsupported_option", `Cannot use ${at === "" ? key : `${at}.${key}`}: ${why}`);
  };
}
