/** How a server is to be, read from what a client sent or from the database. */
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import { invalidArgument } from "../../base/errors.ts";
import { defaultListen, type ServeBody } from "../schema.ts";

export type ServerOptions = {
  host: string;
  port: number;
  tls: { cert: string; key: string } | null;
  htpasswd: string | null;
  tokens: string | null;
  service: { key: string; issuer: string; service: string; realm: string } | null;
  anonymousRead: boolean;
  readOnly: boolean;
  localImages: boolean;
};

const paths = ["TlsCert", "TlsKey", "Htpasswd", "Tokens", "TokenKey"] as const;
const words = ["Listen", "TokenIssuer", "TokenService", "TokenRealm"] as const;
const switches = ["AnonymousRead", "ReadOnly", "LocalImages"] as const;

export function parseServerOptions(value: unknown): ServerOptions {
  const body = checkFields(value);
  const { host, port } = parseListen(body.Listen || defaultListen);
  const tls = together(body, ["TlsCert", "TlsKey"]);
  const service = together(body, ["TokenKey", "TokenIssuer", "TokenService", "TokenRealm"]);
  const options = {
    ...{ host, port, tls: tls && { cert: tls.TlsCert ?? "", key: tls.TlsKey ?? "" } },
    htpasswd: body.Htpasswd || null,
    tokens: body.Tokens || null,
    service: service && {
      key: service.TokenKey ?? "",
      issuer: service.TokenIssuer ?? "",
      service: service.TokenService ?? "",
      realm: service.TokenRealm ?? "",
    },
    anonymousRead: body.AnonymousRead ?? false,
    readOnly: body.ReadOnly ?? false,
    localImages: body.LocalImages ?? true,
  };
  if (options.service && /["\\\r\n]/.test(options.service.realm + options.service.service))
    throw bad("TokenRealm and TokenService", "text without quotes is expected");
  if (options.anonymousRead && !options.htpasswd && !options.tokens && !options.service)
    throw bad("AnonymousRead", "without htpasswd or tokens everybody may do everything already");
  return options;
}

function checkFields(value: unknown): ServeBody {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw bad("the body", "an object is expected");
  for (const [key, given] of Object.entries(value)) {
    const isText = ([...paths, ...words] as string[]).includes(key);
    if (!isText && !(switches as readonly string[]).includes(key)) throw bad(key, "it is not known");
    if (typeof given !== (isText ? "string" : "boolean"))
      throw bad(key, isText ? "a text is expected" : "true or false is expected");
    if ((paths as readonly string[]).includes(key) && given !== "" && !isAbsolute(given))
      throw bad(key, `${JSON.stringify(given)} is not an absolute path`);
  }
  return value as ServeBody;
}

/** Null where none of them is there. Some without the others is a mistake. */
function together<K extends keyof ServeBody>(body: ServeBody, keys: readonly K[]): Pick<ServeBody, K> | null {
  const missing = keys.filter((key) => !body[key]);
  if (missing.length === keys.length) return null;
  if (missing.length > 0)
    throw bad(missing.join(" and "), `it belongs to ${keys.filter((key) => body[key]).join(" and ")}`);
  return body;
}

/** `5000`, `localhost:5000`, `0.0.0.0:5000`, `[::1]:5000`. */
export function parseListen(text: string): { host: string; port: number } {
  const found = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2] ?? "127.0.0.1";
  const port = Number(found?.[3]);
  const known = isIP(host) !== 0 || host === "localhost";
  if (!found || !known || port > 65535) {
    throw invalidArgument(
      "registry.bad_address",
      `Cannot listen on ${JSON.stringify(text)}: a port, or an IP address and a port are expected`,
      "127.0.0.1:5000 is for this host alone, 0.0.0.0:5000 for everybody who reaches it",
    );
  }
  return { host: host === "localhost" ? "127.0.0.1" : host, port };
}

export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function bad(what: string, state: string) {
  return invalidArgument("registry.bad_options", `Cannot serve a registry with ${what}: ${state}`);
}
