/** Tokens from a file: `NAME:TOKEN`, or `NAME:TOKEN:pull,push` for one that may not do everything. */
import { createHash } from "node:crypto";
import { type Access, everything } from "./access.ts";
import { credentialLines, openCredentialFile } from "./credential-file.ts";

export type StaticTokens = { access(token: string): Access | null };

const minLength = 16;
const actions = ["pull", "push", "delete"];

export function openStaticTokens(path: string): StaticTokens {
  const file = openCredentialFile(path, parseTokens);
  // Found by its hash: how long that takes says nothing about the token.
  return { access: (token) => file.current().get(hashOf(token)) ?? null };
}

export function parseTokens(text: string): ReadonlyMap<string, Access> {
  const tokens = new Map<string, Access>();
  for (const { line, at } of credentialLines(text)) {
    const [name = "", token = "", allowed, ...rest] = line.split(":");
    if (name === "" || token.length < minLength || rest.length > 0)
      throw new Error(`line ${at} is not NAME:TOKEN[:actions] with a token of at least ${minLength} characters`);
    const may = allowed?.split(",");
    for (const action of may ?? [])
      if (!actions.includes(action))
        throw new Error(`line ${at} allows ${JSON.stringify(action)}: known are ${actions}`);
    tokens.set(hashOf(token), may === undefined ? everything(name) : limited(name, may));
  }
  return tokens;
}

function limited(name: string, may: readonly string[]): Access {
  return {
    name,
    may: ({ action }) => action === "ping" || may.includes(action === "catalog" ? "pull" : action),
  };
}

const hashOf = (token: string) => createHash("sha256").update(token).digest("base64");
