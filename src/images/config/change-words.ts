/** Words of Dockerfile instructions: quotes, backslashes, JSON lists, key=value pairs. Nothing is expanded. */
import { badChange } from "../errors.ts";

/** The JSON list, or null where the text is none. */
export function parseExecForm(text: string, line: string): string[] | null {
  if (!text.startsWith("[")) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // a shell command that begins with [
  }
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
    throw badChange(line, "its JSON list holds something that is not a string");
  }
  return value as string[];
}

export function parseArguments(text: string, line: string): string[] {
  return parseExecForm(text, line) ?? splitWords(text, line);
}

export function splitWords(text: string, line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\" && quote !== "'") word = (word ?? "") + (text[++at] ?? "");
    else if (quote !== null) {
      if (char === quote) quote = null;
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (quote !== null) throw badChange(line, "a quote is not closed");
  if (word !== null) words.push(word);
  return words;
}

/** `a=1 b="2 3"`, or the older `a 1 2`. */
export function parseKeyValues(text: string, line: string): [string, string][] {
  if (!/^[^\s"'=]+=|^["'][^"']+["']=/.test(text)) {
    const match = /^(\S+)\s+(.+)$/s.exec(text);
    if (!match?.[1]) throw badChange(line, "key=value is expected");
    return [[match[1], match[2] ?? ""]];
  }
  return splitWords(text, line).map((word) => {
    const equals = word.indexOf("=");
    if (equals < 1) throw badChange(line, `${JSON.stringify(word)} is not key=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}
