/** POST /auth: whether a registry takes these credentials. */
import { invalidArgument } from "../../../base/errors.ts";
import { openClient, refused } from "../client.ts";
import { badAnswer } from "../errors.ts";
import { createSend } from "../http/send.ts";
import type { RegistrySettings } from "../settings.ts";
import { createAuthorizer } from "./authorize.ts";
import type { Credentials } from "./credentials.ts";

export type LoginAnswer = { Status: string; IdentityToken: string };

/** `address`: as clients write it, `https://index.docker.io/v1/`, `ghcr.io` or `https://host:5000/v2/`. */
export async function login(
  address: string,
  credentials: Credentials,
  settings: RegistrySettings,
  signal: AbortSignal,
): Promise<LoginAnswer> {
  const domain = registryDomain(address);
  // Who gives a password wants it looked at once, not again and again.
  const patient = { ...settings, attempts: Math.min(2, settings.attempts) };
  const send = createSend(patient);
  const authorizer = createAuthorizer({ credentials, send, settings: patient, offlineToken: true });
  const client = openClient({ domain, path: "" }, { credentials, settings: patient, authorizer });
  const answer = await client.call({ method: "GET", path: "", signal, scopes: [] });
  if (answer.status === 404) {
    answer.drop();
    throw badAnswer(answer.url, "it knows no registry of version 2");
  }
  if (answer.status !== 200) throw await refused(answer);
  answer.drop();
  const token = authorizer.identityToken;
  return { Status: "Login Succeeded", IdentityToken: token === credentials.identityToken ? "" : token };
}

export function registryDomain(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  if (["", "index.docker.io", "docker.io", "registry-1.docker.io"].includes(host)) return "docker.io";
  if (!/^[\w.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:.]+\](:\d{1,5})?$/.test(host)) {
    throw invalidArgument("registry.bad_address", `Cannot log in to ${JSON.stringify(address)}: it is no address`);
  }
  return host;
}
