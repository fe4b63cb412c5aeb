/**
 * The `Authorization` of requests to one registry: from a challenge to a header. Tokens are kept per set of scopes until they
 * expire; who asks at once for the same gets the same token.
 */
import { isObject } from "../../config/json-fields.ts";
import { badAnswer, unauthorized } from "../errors.ts";
import { isInsecure } from "../http/endpoints.ts";
import { type Incoming, resolveLocation, type Send } from "../http/send.ts";
import type { RegistrySettings } from "../settings.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";

export type Authorizer = {
  /** What is known already for these scopes; null before the first challenge. */
  header(scopes: readonly string[]): string | null;
  /** Answers a 401. Throws `registry.unauthorized` when there is nothing (more) to answer with. */
  answer(refusal: Pick<Incoming, "url" | "headers">, scopes: readonly string[], signal: AbortSignal): Promise<string>;
  /** A refresh token that the registry's authority gave for name and password. */
  readonly identityToken: string;
};

type Token = { header: string; expiresMs: number };

const maxTokenBytes = 1024 * 1024;
const defaultLifeSec = 60;
/** A token that is nearly over is not begun with. */
const marginMs = 5000;
const clientId = "hyperbox";

export type AuthorizerDeps = {
  credentials: Credentials;
  send: Send;
  settings: RegistrySettings;
  offlineToken?: boolean;
};

export function createAuthorizer({ credentials, send, settings, offlineToken = false }: AuthorizerDeps): Authorizer {
  const tokens = new Map<string, Token>();
  const asked = new Map<string, Promise<string>>();
  let basic: string | null = null;
  let identityToken = credentials.identityToken;

  const fetchToken = async (challenge: Challenge, scopes: readonly string[], from: URL, signal: AbortSignal) => {
    const realm = realmOf(challenge, from, settings, credentials);
    const service = challenge.parameters.get("service") ?? "";
    const answer = await send(
      tokenRequest({ realm, service, scopes, credentials: { ...credentials, identityToken }, offlineToken, signal }),
    );
    if (answer.status === 401 || answer.status === 403 || answer.status === 400) {
      answer.drop();
      throw unauthorized(hasAccount(credentials) ? "incorrect username or password" : "authentication required");
    }
    if (answer.status !== 200) {
      answer.drop();
      throw badAnswer(answer.url, `status ${answer.status} instead of a token`);
    }
    const token = parseToken(await answer.bytes(maxTokenBytes), answer.url);
    if (token.identityToken !== "") identityToken = token.identityToken;
    return { header: `Bearer ${token.token}`, expiresMs: Date.now() + token.lifeSec * 1000 };
  };

  return {
    get identityToken() {
      return identityToken;
    },
    header(scopes) {
      if (credentials.registryToken !== "") return `Bearer ${credentials.registryToken}`;
      const token = tokens.get(keyOf(scopes));
      if (token && token.expiresMs - marginMs > Date.now()) return token.header;
      return basic;
    },
    async answer({ url, headers }, scopes, signal) {
      const challenges = parseChallenges(headers.get("www-authenticate") ?? "");
      const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"));
      if (bearer && credentials.registryToken === "") {
        const wanted = union(scopes, bearer.parameters.get("scope") ?? "");
        const key = keyOf(scopes);
        tokens.delete(key);
        const pending =
          asked.get(key) ??
          fetchToken(bearer, wanted, url, signal).then((token) => {
            tokens.set(key, token);
            return token.header;
          });
        asked.set(key, pending);
        try {
          return await pending;
        } finally {
          if (asked.get(key) === pending) asked.delete(key);
        }
      }
      if (challenges.some(({ scheme }) => scheme === "basic") && hasPassword(credentials)) {
        const header = basicHeader(credentials);
        if (basic === header) throw unauthorized("incorrect username or password");
        basic = header;
        return header;
      }
      if (challenges.length === 0) throw badAnswer(url, "status 401 without a challenge");
      throw unauthorized(hasAccount(credentials) ? "incorrect username or password" : "authentication required");
    },
  };
}

function keyOf(scopes: readonly string[]): string {
  return [...scopes].sort().join(" ");
}

function union(scopes: readonly string[], challenged: string): string[] {
  return [
    ...new Set([...scopes, ...(scopes.length === 0 ? challenged.split(" ").filter((scope) => scope !== "") : [])]),
  ];
}

function hasPassword({ username, password }: Credentials): boolean {
  return username !== "" && password !== "";
}

function hasAccount(credentials: Credentials): boolean {
  return hasPassword(credentials) || credentials.identityToken !== "" || credentials.registryToken !== "";
}

function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/** A realm in plain text gets no password, unless it is on this machine or set to be insecure. */
function realmOf(challenge: Challenge, from: URL, settings: RegistrySettings, credentials: Credentials): URL {
  const realm = resolveLocation(challenge.parameters.get("realm") ?? "", from);
  if (realm.protocol === "http:" && hasAccount(credentials) && !isInsecure(realm, settings)) {
    throw badAnswer(from, `it wants the password sent to ${realm.host} without encryption`);
  }
  return realm;
}

type TokenRequest = {
  realm: URL;
  service: string;
  scopes: readonly string[];
  credentials: Credentials;
  offlineToken: boolean;
  signal: AbortSignal;
};

/** Docker's token protocol (GET with Basic), or its OAuth 2 form where a refresh token is given. */
function tokenRequest({ realm, service, scopes, credentials, offlineToken, signal }: TokenRequest) {
  if (credentials.identityToken !== "") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: credentials.identityToken,
      service,
      client_id: clientId,
      scope: scopes.join(" "),
    });
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    return { method: "POST", url: realm, headers, body: form.toString(), signal };
  }
  const url = new URL(realm);
  if (service !== "") url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials.username !== "") url.searchParams.set("account", credentials.username);
  if (offlineToken) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", clientId);
  }
  return { method: "GET", url, authorization: hasPassword(credentials) ? basicHeader(credentials) : null, signal };
}

function parseToken(bytes: Uint8Array, url: URL): { token: string; lifeSec: number; identityToken: string } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw badAnswer(url, "it is not a token");
  }
  const token = isObject(value) ? value.token || value.access_token : null;
  // A header cannot hold line breaks; nothing else is known of a token.
  if (!isObject(value) || typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw badAnswer(url, "it is not a token");
  }
  const life = Number(value.expires_in);
  const refresh = value.refresh_token;
  return {
    token,
    lifeSec: Number.isFinite(life) && life > 0 ? life : defaultLifeSec,
    identityToken: typeof refresh === "string" ? refresh : "",
  };
}
