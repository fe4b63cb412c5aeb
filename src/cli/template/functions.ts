/** Functions of Go's text/template and those that Docker adds. */
import { formatValue, indexValue, isTrue, lengthOf, sprintf, typeName } from "./values.ts";

export type TemplateFunction = (...args: unknown[]) => unknown;

const text = (value: unknown): string => (typeof value === "string" ? value : formatValue(value));

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  throw new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function equal(a: unknown, ...others: unknown[]): boolean {
  return others.some((b) => {
    if (typeof a === "object" && a !== null) throw new Error("non-comparable type");
    if (a !== null && b !== null && typeof a !== typeof b) {
      throw new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
    }
    return a === b;
  });
}

/** Go escapes these in JSON, Docker's `json` does not escape HTML. */
function toJson(value: unknown): string {
  return JSON.stringify(value === undefined ? null : value);
}

export const functions: Readonly<Record<string, TemplateFunction>> = {
  and: (...args) => args.find((value) => !isTrue(value)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  not: (value) => !isTrue(value),
  eq: (a, ...others) => equal(a, ...others),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: (value) => lengthOf(value),
  index: (value, ...keys) => indexValue(value, keys),
  slice: (value, from = 0, to = undefined) =>
    typeof value === "string" || Array.isArray(value)
      ? value.slice(Number(from), to === undefined ? undefined : Number(to))
      : value,
  print: (...args) => args.map(text).join(""),
  println: (...args) => `${args.map(text).join(" ")}\n`,
  printf: (format, ...args) => sprintf(text(format), args),
  html: (value) => text(value).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`),
  urlquery: (...args) => encodeURIComponent(args.map(text).join("")),
  js: (value) => JSON.stringify(text(value)).slice(1, -1),
  json: (value) => toJson(value),
  join: (list, separator) => (Array.isArray(list) ? list.map(text).join(text(separator)) : text(list)),
  split: (value, separator) => text(value).split(text(separator)),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title: (value) =>
    text(value).replace(/(^|\s)(\p{Ll})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  pad: (value, before, after) =>
    value === "" ? "" : " ".repeat(Number(before)) + text(value) + " ".repeat(Number(after)),
  truncate: (value, length) => [...text(value)].slice(0, Number(length)).join(""),
};

/** `and` and `or` stop at the value that decides. */
export const lazyFunctions: ReadonlySet<string> = new Set(["and", "or"]);
