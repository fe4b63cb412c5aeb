/** Who we are at a registry, from Docker's config.json and its helpers, in the form in which the API takes it. */
import type { Environment } from "../../sdk/paths.ts";
import { type DockerConfig, readDockerConfig } from "./docker-config.ts";
import { askHelper } from "./helper.ts";

export type Credentials = {
  username?: string;
  password?: string;
  identitytoken?: string;
  registrytoken?: string;
  serveraddress: string;
};

/** The key of Docker Hub in config.json. */
export const hubAddress = "https://index.docker.io/v1/";

/** A helper says with this name that its secret is a refresh token. */
export const tokenUser = "<token>";

/** Header for requests about `image`; none where nobody is known. */
export async function authHeader(env: Environment, image: string): Promise<Record<string, string>> {
  const credentials = await credentialsFor(env, registryOf(image));
  return credentials ? { "X-Registry-Auth": encodeCredentials(credentials) } : {};
}

export function encodeCredentials(credentials: Credentials): string {
  // Padded: older engines read nothing else.
  return Buffer.from(JSON.stringify(credentials)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

/** `host[:port]`, or Docker Hub's key. As references are read: a first part with a dot or a colon, or localhost. */
export function registryOf(image: string): string {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  return !isHost || first === "docker.io" || first === "index.docker.io" ? hubAddress : first;
}

export async function credentialsFor(env: Environment, registry: string): Promise<Credentials | null> {
  const config = readDockerConfig(env);
  const helper = helperFor(config, registry);
  if (helper !== null) {
    const answer = await askHelper(env, helper, registry);
    if (answer) return fromHelper(answer, registry);
  }
  const entry = Object.entries(config.auths ?? {}).find(([key]) => hostOf(key) === hostOf(registry))?.[1];
  if (!entry) return null;
  const { auth, username, password, identitytoken, registrytoken } = entry;
  const plain = auth ? Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "") : "";
  const colon = plain.indexOf(":");
  const name = colon < 0 ? username : plain.slice(0, colon);
  const secret = colon < 0 ? password : plain.slice(colon + 1);
  if (!name && !identitytoken && !registrytoken) return null;
  return {
    ...(name ? { username: name } : {}),
    ...(secret ? { password: secret } : {}),
    ...(identitytoken ? { identitytoken } : {}),
    ...(registrytoken ? { registrytoken } : {}),
    serveraddress: registry,
  };
}

function fromHelper({ Username, Secret }: { Username: string; Secret: string }, registry: string): Credentials {
  if (Username === tokenUser) return { identitytoken: Secret, serveraddress: registry };
  return { username: Username, password: Secret, serveraddress: registry };
}

export function helperFor({ credHelpers, credsStore }: DockerConfig, registry: string): string | null {
  const own = Object.entries(credHelpers ?? {}).find(([key]) => hostOf(key) === hostOf(registry))?.[1];
  return own ?? (credsStore || null);
}

/** Old files have whole addresses as keys. */
export function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return host === "docker.io" || host === "registry-1.docker.io" ? "index.docker.io" : host;
}
