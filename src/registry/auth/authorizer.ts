/** From a request's `Authorization` to what it may do, and the challenge where it may not. */
import { denied, unauthorized } from "../errors.ts";
import type { Exchange } from "../wire/exchange.ts";
import { type Access, everything, type Need, nothing, reading } from "./access.ts";
import type { Htpasswd } from "./htpasswd.ts";
import type { OwnTokens, TokenVerifier } from "./signed-tokens.ts";
import type { StaticTokens } from "./static-tokens.ts";

export type Authorizer = {
  /** Throws UNAUTHORIZED for credentials that are not good. */
  identify(exchange: Exchange): Promise<Access>;
  require(exchange: Exchange, access: Access, need: Need): void;
  /** GET of the token endpoint, where we are the token service. */
  readonly sendToken: ((exchange: Exchange) => Promise<void>) | null;
};

export type AuthSources = {
  htpasswd: Htpasswd | null;
  tokens: StaticTokens | null;
  /** A token service elsewhere. */
  service: { verify: TokenVerifier; realm: string; service: string } | null;
  /** Made where readers need no password: clients learn from the challenge that they may show one. */
  own: OwnTokens | null;
  anonymousRead: boolean;
};

export const tokenPath = "/v2/_hyperbox/token";

export function createAuthorizer({ htpasswd, tokens, service, own, anonymousRead }: AuthSources): Authorizer {
  const open = htpasswd === null && tokens === null && service === null;
  const anonymous = open ? everything(null) : anonymousRead ? reading(null) : nothing;

  const challenge = (exchange: Exchange, need: Need): string => {
    const scope = need.repository === null ? "" : `,scope="repository:${need.repository}:${scopeActions(need.action)}"`;
    if (service) return `Bearer realm="${service.realm}",service="${service.service}"${scope}`;
    if (own) return `Bearer realm="${exchange.origin}${tokenPath}",service="hyperbox"${scope}`;
    return 'Basic realm="hyperbox"';
  };
  const byPassword = async (user: string, password: string): Promise<Access | null> => {
    const byToken = tokens?.access(password) ?? null;
    if (byToken) return byToken;
    return (await htpasswd?.verify(user, password)) ? everything(user) : null;
  };
  const byToken = async (token: string): Promise<Access | null> =>
    tokens?.access(token) ?? (await own?.verify(token)) ?? (await service?.verify(token)) ?? null;

  const identify = async (exchange: Exchange): Promise<Access> => {
    const header = exchange.header("authorization");
    if (header === undefined || open) return anonymous;
    const [, scheme = "", value = ""] = /^(\w+)\s+(\S+)\s*$/.exec(header) ?? [];
    let access: Access | null = null;
    if (scheme.toLowerCase() === "bearer") access = await byToken(value);
    if (scheme.toLowerCase() === "basic") {
      const text = Buffer.from(value, "base64").toString("utf8");
      const colon = text.indexOf(":");
      if (colon >= 0) access = await byPassword(text.slice(0, colon), text.slice(colon + 1));
    }
    if (access) return access;
    throw unauthorized(challenge(exchange, { action: "ping", repository: null }));
  };
  return {
    identify,
    require(exchange, access, need) {
      // Asked without credentials, the ping tells that there is something to log in to.
      const silent = need.action === "ping" && own !== null && exchange.header("authorization") === undefined;
      if (access.may(need) && !silent) return;
      if (access.name === null || service) throw unauthorized(challenge(exchange, need));
      throw denied(`${access.name} may not ${need.action}`);
    },
    sendToken: own
      ? async (exchange) => {
          const { name } = await identify(exchange);
          const { token, expiresInSec } = await own.issue(name);
          exchange.sendJson(
            200,
            { token, access_token: token, expires_in: expiresInSec },
            { "Cache-Control": "no-store" },
          );
        }
      : null,
  };
}

/** Who pushes looks first what is there. */
function scopeActions(action: Need["action"]): string {
  return action === "push" ? "pull,push" : action;
}
