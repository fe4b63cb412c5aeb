/** Detach keys: `ctrl-p,ctrl-q` as bytes, and the filter that finds them in what a person types. */
import { invalid } from "../errors.ts";

export const defaultDetachKeys: readonly number[] = [16, 17];

/** A comma list of single characters and `ctrl-` with a letter or one of `@[\]^_`. Empty: the default. */
export function parseDetachKeys(text: string | null): readonly number[] {
  if (text === null || text === "") return defaultDetachKeys;
  return text.split(",").map((key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64;
    if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
    throw invalid("bad_detach_keys", `Invalid detach keys (${text}) provided`, "give for example ctrl-p,ctrl-q");
  });
}

export type DetachFilter = {
  /** What of the input may go on now, and whether the keys were complete in it. Part of the sequence is held back. */
  push(chunk: Uint8Array): { pass: Uint8Array; detached: boolean };
};

export function createDetachFilter(keys: readonly number[]): DetachFilter {
  let matched = 0;
  return {
    push(chunk) {
      // Typing comes byte by byte; pasted text without the first key passes whole.
      if (matched === 0 && keys[0] !== undefined && chunk.indexOf(keys[0]) < 0) return { pass: chunk, detached: false };
      const out: number[] = [];
      for (const byte of chunk) {
        if (byte === keys[matched]) {
          matched += 1;
          if (matched === keys.length) return { pass: Uint8Array.from(out), detached: true };
          continue;
        }
        out.push(...keys.slice(0, matched));
        matched = byte === keys[0] ? 1 : 0;
        if (matched === 0) out.push(byte);
      }
      return { pass: Uint8Array.from(out), detached: false };
    },
  };
}
