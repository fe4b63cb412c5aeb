/** A file of credentials that is read again when it changed, so that users come and go without a restart. */
import { readFileSync, statSync } from "node:fs";
import { EngineError, errorText } from "../../base/errors.ts";

export type CredentialFile<T> = { current(): T };

const maxBytes = 1024 * 1024;

/** Throws at once where the file cannot be used. Later, a file that became bad denies everybody: `parse` must not be skipped. */
export function openCredentialFile<T>(path: string, parse: (text: string) => T): CredentialFile<T> {
  let stamp = "";
  let value: T;
  const read = (): T => {
    try {
      const { mtimeNs, ino, size } = statSync(path, { bigint: true });
      const now = `${mtimeNs} ${ino} ${size}`;
      if (now !== stamp) {
        if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
        value = parse(readFileSync(path, "utf8"));
        stamp = now;
      }
      return value;
    } catch (cause) {
      stamp = "";
      throw new EngineError({
        code: "registry.bad_credentials_file",
        kind: "invalid_argument",
        message: `Cannot use ${path}: ${errorText(cause)}`,
        cause,
      });
    }
  };
  read();
  return { current: read };
}

/** Lines without comments and blanks, with their numbers. */
export function credentialLines(text: string): { line: string; at: number }[] {
  return text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), at: index + 1 }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"));
}
