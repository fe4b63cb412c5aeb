/** A repository of a registry, by the OCI distribution specification 1.1: requests, authorization and answers as typed values. */
import type { Digest } from "../../base/digest.ts";
import type { Reference } from "../reference/reference.ts";
import { type Authorizer, createAuthorizer } from "./auth/authorize.ts";
import { anonymous, type Credentials } from "./auth/credentials.ts";
import { type Content, type Descriptor, maxManifestBytes, parseContent } from "./content/manifest.ts";
import { acceptedManifests, bareMediaType } from "./content/media-types.ts";
import { badAnswer, wrongDigest } from "./errors.ts";
import { type Endpoint, endpointsOf } from "./http/endpoints.ts";
import { createSend, type Incoming, type Outgoing, type Send } from "./http/send.ts";
import type { RegistrySettings } from "./settings.ts";

export type Repository = Pick<Reference, "domain" | "path">;
export type ByteRange = { start: number /** Inclusive. */; end: number };

export type CallOptions = {
  method: string;
  /** Below `/v2/`, or a whole address that the registry gave. */
  path: string | URL;
  signal: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  body?: Blob | Uint8Array | string;
  /** Default: what the client was opened for. */
  scopes?: readonly string[];
  again?: boolean;
};

export type RegistryClient = {
  readonly repository: Repository;
  readonly mirror: boolean;
  /** Whether an answer told that it is a HyperBox host, which knows layers by their chunks. */
  readonly offersChunks: boolean;
  readonly authorizer: Authorizer;
  /** Answers of any status but 401. */
  call(options: CallOptions): Promise<Incoming>;
  /** Digest and type of a tag or digest; null where there is none. Costs one HEAD. */
  head(
    reference: string,
    signal: AbortSignal,
  ): Promise<{ digest: Digest | null; mediaType: string; size: number } | null>;
  /** Null where there is none. Verified where `expected` is known. */
  manifest(reference: string, expected: Digest | null, signal: AbortSignal): Promise<Content | null>;
  /** The head of a blob's bytes; statuses other than 200 and 206 are errors of `fail`. */
  blob(descriptor: Descriptor, range: ByteRange | null, signal: AbortSignal): Promise<Incoming>;
};

export type ClientOptions = {
  credentials?: Credentials;
  /** Default: pull. */
  push?: boolean;
  settings: RegistrySettings;
  /** Default: one of its own. */
  authorizer?: Authorizer;
};

/** Where plain HTTP was found to be spoken: asked once for a while. */
const plainHosts = new Map<string, number>();
const plainMemoryMs = 600_000;

/** The mirrors first (for pulls), the registry last. */
export function openClients(repository: Repository, options: ClientOptions): RegistryClient[] {
  const { settings, push = false, credentials = anonymous } = options;
  const send = createSend(settings);
  return endpointsOf(repository.domain, settings, { mirrors: !push }).map((endpoint) =>
    // Nobody said that a mirror may know the password.
    createClient({
      ...{ repository, endpoint, send, push },
      authorizer:
        options.authorizer ??
        createAuthorizer({ credentials: endpoint.mirror ? anonymous : credentials, send, settings }),
    }),
  );
}

export function openClient(repository: Repository, options: ClientOptions): RegistryClient {
  const client = openClients(repository, options).at(-1);
  if (!client) throw new Error("a registry without an endpoint");
  return client;
}

type ClientDeps = {
  repository: Repository;
  endpoint: Endpoint;
  send: Send;
  push: boolean;
  authorizer: Authorizer;
};

function createClient({ repository, endpoint, send, push, authorizer }: ClientDeps): RegistryClient {
  const ownScopes = [pullScope(repository.path, push)];
  const base = new URL(`${endpoint.base.href.replace(/\/$/, "")}/v2/`);
  const { tls } = endpoint;

  /** https first; where that is not spoken and need not be, http. */
  const sendAnyhow = async (request: Omit<Outgoing, "url">, path: string | URL): Promise<Incoming> => {
    const plain = plainUrl(base);
    const known = (plainHosts.get(base.host) ?? 0) > Date.now();
    const at = (root: URL) => ({ ...request, tls, url: path instanceof URL ? path : new URL(path, root) });
    if (base.protocol === "http:" || !endpoint.mayBePlain || path instanceof URL) return await send(at(base));
    if (known) return await send(at(plain));
    try {
      return await send(at(base));
    } catch (error) {
      const network = (error as { details?: { network?: unknown } }).details?.network;
      if (!/EPROTO|ECONNREFUSED|ECONNRESET|SSL|TLS/.test(String(network ?? ""))) throw error;
      const answer = await send(at(plain)).catch((failure: unknown) => {
        throw (failure as { code?: unknown }).code === "registry.unreachable" ? error : failure;
      });
      plainHosts.set(base.host, Date.now() + plainMemoryMs);
      return answer;
    }
  };

  /** An address that the registry gave gets our name only where the registry itself would. */
  const isOurs = ({ host, protocol }: URL): boolean =>
    host === base.host && (protocol === base.protocol || endpoint.mayBePlain);

  let offersChunks = false;
  const call = async ({ path, scopes = ownScopes, ...rest }: CallOptions): Promise<Incoming> => {
    const foreign = path instanceof URL && !isOurs(path);
    for (let tries = 0; ; tries++) {
      const authorization = foreign ? null : authorizer.header(scopes);
      const answer = await sendAnyhow({ ...rest, authorization }, path);
      if (!foreign) offersChunks ||= answer.headers.has("hyperbox-chunks");
      if (answer.status !== 401 || foreign || tries >= 2) return answer;
      answer.drop();
      await authorizer.answer(answer, scopes, rest.signal);
    }
  };

  const manifestPath = (reference: string) => `${repository.path}/manifests/${reference}`;
  const headers = { Accept: acceptedManifests };
  return {
    repository,
    authorizer,
    call,
    mirror: endpoint.mirror,
    get offersChunks() {
      return offersChunks;
    },
    async head(reference, signal) {
      const answer = await call({ method: "HEAD", path: manifestPath(reference), headers, signal });
      answer.drop();
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw refusal(answer, "");
      const digest = answer.headers.get("docker-content-digest");
      return {
        digest: digest !== null && /^sha256:[0-9a-f]{64}$/.test(digest) ? (digest as Digest) : null,
        mediaType: bareMediaType(answer.headers.get("content-type")),
        size: Number(answer.headers.get("content-length") ?? 0),
      };
    },
    async manifest(reference, expected, signal) {
      const answer = await call({ method: "GET", path: manifestPath(reference), headers, signal });
      if (answer.status === 404) {
        answer.drop();
        return null;
      }
      if (answer.status !== 200) throw await refused(answer);
      refuseHtml(answer);
      const mediaType = bareMediaType(answer.headers.get("content-type"));
      const what = `the manifest ${repository.domain}/${repository.path}${reference.includes(":") ? "@" : ":"}${reference}`;
      const content = parseContent(await answer.bytes(maxManifestBytes), mediaType, what);
      const announced = answer.headers.get("docker-content-digest");
      const wanted = expected ?? (announced?.startsWith("sha256:") ? announced : null);
      if (wanted !== null && content.digest !== wanted) throw wrongDigest(what, wanted, content.digest);
      return content;
    },
    async blob({ digest, urls }, range, signal) {
      const headers: Record<string, string> = range ? { Range: `bytes=${range.start}-${range.end}` } : {};
      const own = await call({ method: "GET", path: `${repository.path}/blobs/${digest}`, headers, signal });
      if (own.status === 200 || own.status === 206 || own.status === 416) {
        refuseHtml(own);
        return own;
      }
      // A layer that registries may not hand on is where its descriptor says. Nobody there gets our name.
      for (const text of urls) {
        const url = URL.canParse(text) ? new URL(text) : null;
        if (url?.protocol !== "https:" && url?.protocol !== "http:") continue;
        own.drop();
        const answer = await send({ method: "GET", url, headers, signal });
        if (answer.status === 200 || answer.status === 206) return answer;
        answer.drop();
      }
      throw await refused(own);
    },
  };
}

export function pullScope(path: string, push = false): string {
  return `repository:${path}:pull${push ? ",push" : ""}`;
}

function plainUrl(url: URL): URL {
  return new URL(url.href.replace(/^https:/, "http:"));
}

/** Login pages and proxies answer 200 with a page. */
export function refuseHtml(answer: Incoming): void {
  if (bareMediaType(answer.headers.get("content-type")) !== "text/html") return;
  answer.drop();
  throw badAnswer(answer.url, "it is an HTML page");
}

const maxErrorBytes = 64 * 1024;

/** The error of a refusing answer, with what its body says. */
export async function refused(answer: Incoming) {
  const bytes = await answer.bytes(maxErrorBytes).catch(() => new Uint8Array());
  return refusal(answer, new TextDecoder().decode(bytes));
}

function refusal({ url, status }: Incoming, body: string) {
  return badAnswer(url, `status ${status}${errorsOf(body)}`, { details: { status } });
}

/** `{"errors":[{"code":"DENIED","message":"…"}]}`, on one line. */
function errorsOf(body: string): string {
  try {
    const { errors } = JSON.parse(body) as { errors?: { code?: unknown; message?: unknown }[] };
    const texts = (errors ?? []).map(({ code, message }) => `${String(code).toLowerCase()}: ${String(message)}`);
    return texts.length === 0
      ? ""
      : ` (${texts
          .join("; ")
          .replace(/[\p{Cc}]/gu, " ")
          .slice(0, 300)})`;
  } catch {
    return "";
  }
}

/** The status of an answer that was refused; null for other errors. */
export function statusOf(error: unknown): number | null {
  const status = (error as { details?: { status?: unknown } }).details?.status;
  return typeof status === "number" ? status : null;
}
