/** Credential helpers (`docker-credential-…`): programs that keep passwords. Secrets go by standard input and output only. */

import type { Environment } from "../../sdk/paths.ts";
import { Failure } from "../failure.ts";

export type HelperAnswer = { Username: string; Secret: string };

/** Null: the helper knows nobody there. */
export async function askHelper(env: Environment, helper: string, server: string): Promise<HelperAnswer | null> {
  const { code, out } = await runHelper(env, helper, "get", server);
  if (code !== 0) {
    if (/credentials not found/i.test(out)) return null;
    throw new Failure(
      `Cannot get the credentials for ${server}: docker-credential-${helper} failed with status ${code}`,
    );
  }
  try {
    const { Username, Secret } = JSON.parse(out) as Partial<HelperAnswer>;
    if (typeof Username === "string" && typeof Secret === "string") return { Username, Secret };
  } catch {
    // told below, without what it said
  }
  throw new Failure(`Cannot get the credentials for ${server}: docker-credential-${helper} answered nonsense`);
}

export async function storeInHelper(
  env: Environment,
  helper: string,
  server: string,
  { Username, Secret }: HelperAnswer,
): Promise<void> {
  const { code } = await runHelper(env, helper, "store", JSON.stringify({ ServerURL: server, Username, Secret }));
  if (code !== 0)
    throw new Failure(`Cannot store the credentials: docker-credential-${helper} failed with status ${code}`);
}

export async function eraseInHelper(env: Environment, helper: string, server: string): Promise<void> {
  const { code, out } = await runHelper(env, helper, "erase", server);
  if (code !== 0 && !/credentials not found/i.test(out))
    throw new Failure(`Cannot remove the credentials: docker-credential-${helper} failed with status ${code}`);
}

async function runHelper(
  env: Environment,
  helper: string,
  verb: string,
  input: string,
): Promise<{ code: number; out: string }> {
  if (!/^[\w.-]+$/.test(helper))
    throw new Failure(`Cannot use the credential helper ${JSON.stringify(helper)}: it is no name`);
  const program = `docker-credential-${helper}`;
  const path = Bun.which(program, { PATH: env["PATH"] ?? "" });
  if (path === null) {
    throw new Failure(`Cannot use the credential helper ${program}: it is not installed`, {
      hint: "install it, or remove credsStore and credHelpers from Docker's config.json",
    });
  }
  const child = Bun.spawn([path, verb], {
    env: { ...env },
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "ignore",
  });
  const out = await new Response(child.stdout).text();
  return { code: await child.exited, out };
}
