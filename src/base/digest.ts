/** Content digests as OCI writes them: `sha256:` and 64 hex digits. */
import { createHash } from "node:crypto";
import { invalidArgument } from "./errors.ts";

declare const brand: unique symbol;
export type Digest = string & { readonly [brand]: "Digest" };

const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

export function parseDigest(text: unknown, where: string): Digest {
  if (typeof text === "string" && isDigest(text)) return text;
  throw invalidArgument(
    "digest.malformed",
    `Cannot read ${where}: ${JSON.stringify(text)} is not sha256:<64 hex digits>`,
  );
}

export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
}

/** The 64 digits, for file names. */
export function digestHex(digest: Digest): string {
  return digest.slice(7);
}
