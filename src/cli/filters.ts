import { Failure } from "./failure.ts";

/** `--filter key=value` (many) → the API's `filters` parameter, or undefined when there are none. */
export function encodeFilters(texts: readonly string[]): string | undefined {
  const filters: Record<string, string[]> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at <= 0) throw new Failure(`invalid argument "${text}" for "--filter": must be key=value`);
    (filters[text.slice(0, at).trim().toLowerCase()] ??= []).push(text.slice(at + 1).trim());
  }
  return texts.length === 0 ? undefined : JSON.stringify(filters);
}
