/**
 * Bearer tokens (JWT) with the `access` claim that registries use. Two makers: a token service elsewhere, whose key we were
 * given, and ourselves, for clients that may read without a password but must be able to show one.
 */
import { createPublicKey, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { EngineError, errorText } from "../../base/errors.ts";
import { type Access, everything, reading } from "./access.ts";

/** Null: the token is not good (any more). */
export type TokenVerifier = (token: string) => Promise<Access | null>;

export type TokenService = { key: string; issuer: string; service: string };

const algorithmsByKey: Record<string, string[]> = {
  rsa: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ec: ["ES256", "ES384", "ES512"],
  ed25519: ["EdDSA", "Ed25519"],
};
const clockToleranceSec = 10;

/** `key` is a file: a public key or certificate in PEM, or a JSON Web Key Set. */
export function openTokenVerifier({ key, issuer, service }: TokenService): TokenVerifier {
  const claims = { issuer, audience: service, clockTolerance: clockToleranceSec, requiredClaims: ["exp"] };
  const verify = openKey(key);
  return async (token) => {
    try {
      return accessOf((await verify(token, claims)).payload);
    } catch {
      return null;
    }
  };
}

type Verify = (token: string, claims: Parameters<typeof jwtVerify>[2]) => Promise<{ payload: JWTPayload }>;

function openKey(path: string): Verify {
  try {
    const text = readFileSync(path, "utf8");
    if (text.trimStart().startsWith("{")) {
      const keys = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
      return (token, claims) => jwtVerify(token, keys, claims);
    }
    const key = createPublicKey(text);
    const algorithms = algorithmsByKey[key.asymmetricKeyType ?? ""];
    if (!algorithms) throw new Error(`keys of the type ${key.asymmetricKeyType} are not supported`);
    return (token, claims) => jwtVerify(token, key, { ...claims, algorithms });
  } catch (cause) {
    throw new EngineError({
      code: "registry.bad_token_key",
      kind: "invalid_argument",
      message: `Cannot use ${path}: ${errorText(cause)}`,
      hint: "a public key or certificate in PEM, or a JSON Web Key Set is expected",
      cause,
    });
  }
}

/** https://distribution.github.io/distribution/spec/auth/jwt/: what the bearer may do is a list of resources and actions. */
function accessOf(payload: JWTPayload): Access {
  const given = Array.isArray(payload["access"]) ? (payload["access"] as unknown[]) : [];
  const allowed = new Set<string>();
  for (const item of given) {
    const { type, name, actions } = (item ?? {}) as { type?: unknown; name?: unknown; actions?: unknown };
    if (Array.isArray(actions)) for (const action of actions) allowed.add(JSON.stringify([type, name, action]));
  }
  const has = (type: string, name: string, action: string) =>
    allowed.has(JSON.stringify([type, name, action])) || allowed.has(JSON.stringify([type, name, "*"]));
  return {
    name: payload.sub ?? "",
    may(need) {
      if (need.action === "ping") return true;
      if (need.action === "catalog") return has("registry", "catalog", "*");
      return need.repository !== null && has("repository", need.repository, need.action);
    },
  };
}

export type OwnTokens = {
  issue(name: string | null): Promise<{ token: string; expiresInSec: number }>;
  verify: TokenVerifier;
};

const lifetimeSec = 300;

/** The key lives as long as the server: after a restart clients fetch a new token by themselves. */
export function createOwnTokens(): OwnTokens {
  const key = randomBytes(32);
  const issuer = "hyperbox";
  return {
    async issue(name) {
      const token = new SignJWT({})
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer(issuer)
        .setSubject(name ?? "");
      return {
        token: await token.setIssuedAt().setExpirationTime(`${lifetimeSec}s`).sign(key),
        expiresInSec: lifetimeSec,
      };
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, { issuer, algorithms: ["HS256"], requiredClaims: ["exp"] });
        return payload.sub ? everything(payload.sub) : reading(null);
      } catch {
        return null;
      }
    },
  };
}
