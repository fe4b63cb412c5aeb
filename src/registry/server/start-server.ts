/** One listening server: options become keys, credentials and a socket. */
import { readFileSync } from "node:fs";
import { listenHttp } from "../../api/index.ts";
import { EngineError, errorText, invalidArgument } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Images } from "../../images/index.ts";
import { type AuthSources, createAuthorizer } from "../auth/authorizer.ts";
import { openHtpasswd } from "../auth/htpasswd.ts";
import { openStaticTokens } from "../auth/static-tokens.ts";
import type { Contents } from "../content/contents.ts";
import type { Uploads } from "../content/uploads.ts";
import type { Search } from "../search/search.ts";
import { handleExchange, type RequestLine } from "../wire/handle.ts";
import { formatAddress, isLoopback, type ServerOptions } from "./options.ts";

export type RunningServer = AsyncDisposable & { readonly address: string; readonly port: number };

type Deps = {
  contents: Contents;
  images: Images;
  uploads: Uploads;
  search: Search;
  logger: Logger;
  onRequest(line: RequestLine): void;
};

export async function startServer(deps: Deps, options: ServerOptions): Promise<RunningServer> {
  const { host, port, readOnly } = options;
  const sources = await openSources(options);
  const tls = options.tls && { cert: readPem(options.tls.cert), key: readPem(options.tls.key) };
  const secure = tls !== null;
  const open = sources.htpasswd === null && sources.tokens === null && sources.service === null;
  const guarded = open && !secure && isLoopback(host);
  const served = { ...deps, authorizer: createAuthorizer(sources), secure, readOnly, guarded };
  try {
    const listener = await listenHttp({
      ...{ host, port },
      ...(tls ? { tls } : {}),
      handle: (request, response) => handleExchange(served, request, response),
    });
    return {
      address: formatAddress(host, listener.port),
      port: listener.port,
      [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
    };
  } catch (cause) {
    throw cannotListen(formatAddress(host, port), cause);
  }
}

async function openSources({ htpasswd, tokens, service, anonymousRead }: ServerOptions): Promise<AuthSources> {
  const wantsOwn = anonymousRead && htpasswd !== null && service === null;
  // Loaded only where tokens are signed or checked.
  const signed = service || wantsOwn ? await import("../auth/signed-tokens.ts") : null;
  return {
    htpasswd: htpasswd === null ? null : openHtpasswd(htpasswd),
    tokens: tokens === null ? null : openStaticTokens(tokens),
    service: service && signed ? { ...service, verify: signed.openTokenVerifier(service) } : null,
    own: wantsOwn && signed ? signed.createOwnTokens() : null,
    anonymousRead,
  };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw invalidArgument("registry.bad_tls", `Cannot use ${path}: ${errorText(cause)}`);
  }
}

function cannotListen(address: string, cause: unknown): EngineError {
  const code = (cause as { code?: unknown }).code;
  const taken = code === "EADDRINUSE";
  return new EngineError({
    code: taken ? "registry.address_taken" : "registry.cannot_listen",
    kind: taken ? "conflict" : "invalid_argument",
    message: `Cannot serve a registry on ${address}: ${taken ? "the address is in use" : errorText(cause)}`,
    hint: taken ? "`hbx registry ls` lists our own servers; --listen takes another address" : undefined,
    cause,
  });
}
