/** Go's `path.Match` (`*` stays within a segment, `?`, `[a-z]`, `\x`), by which Docker filters references. */
import { invalidArgument } from "../../base/errors.ts";
import { familiarName, familiarRepository, type Reference } from "./reference.ts";

export type NameMatcher = (reference: Reference) => boolean;

export function parseReferencePattern(pattern: string): NameMatcher {
  const tokens = parseTokens(pattern);
  return (reference) => matches(tokens, familiarName(reference)) || matches(tokens, familiarRepository(reference));
}

type Token = "star" | ((char: string) => boolean);

/** Backs up to the last star only, which is enough since no star crosses a slash: never exponential. */
function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < text.length || token < tokens.length) {
    const next = tokens[token];
    const char = text[at];
    if (next === "star") {
      starToken = token++;
      starAt = at;
    } else if (next !== undefined && char !== undefined && next(char)) {
      token++;
      at++;
    } else if (starToken !== -1 && starAt < text.length && text[starAt] !== "/") {
      at = ++starAt;
      token = starToken + 1;
    } else return false;
  }
  return true;
}

function parseTokens(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? "";
    if (char === "*") tokens.push("star");
    else if (char === "?") tokens.push((given) => given !== "/");
    else if (char === "[") {
      const { token, end } = parseClass(pattern, at);
      tokens.push(token);
      at = end;
    } else {
      const literal = char === "\\" ? pattern[++at] : char;
      if (literal === undefined) throw badPattern(pattern);
      tokens.push((given) => given === literal);
    }
  }
  return tokens;
}

function parseClass(pattern: string, start: number): { token: Token; end: number } {
  const match = /^\[(\^?)((?:\\.|[^\]\\])+)\]/s.exec(pattern.slice(start));
  const items = match?.[2]?.match(/\\.|[^\\]/gs) ?? [];
  if (!match || items.length === 0) throw badPattern(pattern);
  const chars = items.map((item) => ({ char: item.at(-1) ?? "", dash: item === "-" }));
  const ranges: [string, string][] = [];
  for (let at = 0; at < chars.length; at++) {
    const low = chars[at];
    if (low === undefined || low.dash) throw badPattern(pattern);
    const high = chars[at + 1]?.dash ? chars[at + 2] : low;
    if (high === undefined || high.char < low.char) throw badPattern(pattern);
    if (high !== low) at += 2;
    ranges.push([low.char, high.char]);
  }
  const inside = (given: string) => ranges.some(([low, high]) => given >= low && given <= high);
  const negated = match[1] === "^";
  return { token: (given) => given !== "/" && inside(given) !== negated, end: start + match[0].length - 1 };
}

function badPattern(pattern: string) {
  return invalidArgument(
    "image.bad_pattern",
    `Cannot use the filter reference=${pattern}: its pattern is malformed`,
    "patterns know *, ?, [a-z] and \\ as a path pattern of the shell does",
  );
}
