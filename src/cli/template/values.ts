/** Values as Go's templates see them: truth, order, and text. */

export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === "" || value === 0n)
    return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === "object" ? Object.keys(value).length > 0 : true;
}

/** Go's `%v`. */
export function formatValue(value: unknown): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(formatValue).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${formatValue(item)}`).join(" ")}]`;
  }
  return String(value);
}

export function lengthOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === "object" && value !== null) return Object.keys(value).length;
  throw new Error(`len of type ${typeName(value)}`);
}

export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "nil";
  if (Array.isArray(value)) return "slice";
  return { string: "string", number: "int", boolean: "bool", object: "map" }[typeof value as string] ?? typeof value;
}

/** Element of a map or list; Go gives the zero value for a missing map key. */
export function indexValue(value: unknown, keys: readonly unknown[]): unknown {
  let at = value;
  for (const key of keys) {
    if (Array.isArray(at)) {
      if (typeof key !== "number" || key < 0 || key >= at.length) {
        throw new Error(`error calling index: index out of range: ${String(key)}`);
      }
      at = at[key];
    } else if (typeof at === "object" && at !== null) {
      at = Object.hasOwn(at, String(key)) ? (at as Record<string, unknown>)[String(key)] : undefined;
    } else if (typeof at === "string" && typeof key === "number") {
      at = Buffer.from(at)[key];
    } else if (at === null || at === undefined) {
      throw new Error("error calling index: index of untyped nil");
    } else {
      throw new Error(`error calling index: can't index item of type ${typeName(at)}`);
    }
  }
  return at;
}

/** Go's `printf` for the verbs that templates use. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const out = format.replace(
    /%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const value = args[next++];
      const text = formatVerb(verb, value, precision === undefined ? undefined : Number(precision), flags);
      return pad(text, Number(width ?? 0), flags);
    },
  );
  const extra = args.slice(next).map((value) => `${typeName(value)}=${formatValue(value)}`);
  return extra.length > 0 ? `${out}%!(EXTRA ${extra.join(", ")})` : out;
}

function formatVerb(verb: string, value: unknown, precision: number | undefined, flags: string): string {
  const number = typeof value === "number" ? value : undefined;
  const bad = `%!${verb}(${typeName(value)}=${formatValue(value)})`;
  switch (verb) {
    case "s":
    case "v":
      return precision === undefined ? formatValue(value) : [...formatValue(value)].slice(0, precision).join("");
    case "q":
      return JSON.stringify(formatValue(value));
    case "d":
      return number === undefined ? bad : `${flags.includes("+") && number >= 0 ? "+" : ""}${Math.trunc(number)}`;
    case "x":
    case "X": {
      const hex = number === undefined ? Buffer.from(formatValue(value)).toString("hex") : number.toString(16);
      return verb === "X" ? hex.toUpperCase() : hex;
    }
    case "o":
    case "b":
      return number === undefined ? bad : number.toString(verb === "o" ? 8 : 2);
    case "c":
      return number === undefined ? bad : String.fromCodePoint(number);
    case "f":
      return number === undefined ? bad : number.toFixed(precision ?? 6);
    case "g":
    case "e":
      return number === undefined ? bad : verb === "e" ? number.toExponential(precision ?? 6) : String(number);
    case "t":
      return typeof value === "boolean" ? String(value) : bad;
    case "T":
      return typeName(value);
    default:
      return bad;
  }
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes("-")) return text.padEnd(width);
  return flags.includes("0") ? text.padStart(width, "0") : text.padStart(width);
}
