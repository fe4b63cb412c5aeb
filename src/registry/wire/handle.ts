/** From a request to its endpoint: the path is read, the client identified, then the endpoint runs. */
import { isIP } from "node:net";
import type { IncomingMessage, ServerResponse } from "../../api/index.ts";
import type { Logger } from "../../base/log.ts";
import type { Images } from "../../images/index.ts";
import type { Access } from "../auth/access.ts";
import { type Authorizer, tokenPath } from "../auth/authorizer.ts";
import type { Contents } from "../content/contents.ts";
import {
  parseContentDigest,
  parseManifestReference,
  parseReadReference,
  parseRepository,
  type Repository,
} from "../content/names.ts";
import type { Uploads } from "../content/uploads.ts";
import { denied, methodUnsupported, pageUnknown } from "../errors.ts";
import type { Search } from "../search/search.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import { listChunks, sendChunks } from "./chunks.ts";
import { createExchange, type Exchange } from "./exchange.ts";
import { deleteManifest, getManifest, listReferrers, listRepositories, listTags, putManifest } from "./manifests.ts";
import { searchRegistry, searchV1 } from "./search.ts";
import { appendChunk, beginUpload, cancelUpload, finishUpload, uploadState } from "./uploads.ts";

export type Served = {
  contents: Contents;
  images: Images;
  uploads: Uploads;
  search: Search;
  authorizer: Authorizer;
  logger: Logger;
  secure: boolean;
  readOnly: boolean;
  /** Open to whoever reaches it, and meant for this host: web pages are kept out. */
  guarded: boolean;
  /** Told of each request when its answer is out. */
  onRequest(line: RequestLine): void;
};
export type RequestLine = { method: string; path: string; status: number; user: string; ms: number };

type Call = { served: Served; exchange: Exchange; access: Access };
type Endpoint = (call: Call) => Promise<void> | void;

export async function handleExchange(served: Served, request: IncomingMessage, response: ServerResponse) {
  const started = performance.now();
  const exchange = createExchange(request, response, served.secure);
  let user = "";
  response.once("close", () => {
    const { method, path } = exchange;
    served.onRequest({ method, path, status: response.statusCode, user, ms: Math.round(performance.now() - started) });
  });
  try {
    if (served.guarded) refuseWebPages(exchange);
    const access = await served.authorizer.identify(exchange);
    user = access.name ?? "";
    await findEndpoint(exchange)({ served, exchange, access });
  } catch (error) {
    exchange.fail(error, served.logger);
  }
}

/** A page in a browser on this host could reach us by a name of its own (DNS rebinding) or by a form. */
function refuseWebPages(exchange: Exchange): void {
  if (exchange.header("origin") !== undefined)
    throw denied("a web page asks, and this server is for clients of registries");
  const host = (exchange.header("host") ?? "")
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  if (isIP(host) !== 0 || host === "localhost" || host.endsWith(".localhost") || host === "") return;
  throw denied(`it was reached as ${JSON.stringify(host.slice(0, 100))}, not as localhost or by an address`);
}

function findEndpoint({ method, path }: Exchange): Endpoint {
  const read = method === "GET" || method === "HEAD";
  if (path === "/v2/" || path === "/v2") return read ? ping : wrongMethod;
  if (path === "/v2/_catalog") return read ? catalog : wrongMethod;
  if (path === "/v2/_hyperbox/search") return read ? search(searchRegistry) : wrongMethod;
  if (path === "/v1/search") return read ? search(searchV1) : wrongMethod;
  if (path === "/v1/_ping") return read ? pingV1 : wrongMethod;
  if (path === tokenPath) return method === "GET" ? token : wrongMethod;
  const found =
    /^\/v2\/(.+)\/(tags\/list|manifests|blobs|blobs\/uploads|referrers|_hyperbox\/chunks)(?:\/([^/]*))?$/.exec(path);
  if (!found) throw pageUnknown();
  const repository = parseRepository(decode(found[1] ?? ""));
  const [kind, last] = [found[2] ?? "", decode(found[3] ?? "")];
  const needs = (action: "pull" | "push" | "delete", run: Endpoint): Endpoint => guard(repository, action, run);
  switch (kind) {
    case "tags/list":
      return read && last === ""
        ? needs("pull", ({ served, exchange }) => listTags(served.contents, exchange, repository))
        : wrongMethod;
    case "referrers":
      return read
        ? needs("pull", ({ served, exchange }) =>
            listReferrers(served.contents, exchange, repository, parseContentDigest(last)),
          )
        : wrongMethod;
    case "_hyperbox/chunks":
      if (method !== "POST" && !read) return wrongMethod;
      return needs("pull", ({ served, exchange }) =>
        (read ? listChunks : sendChunks)(served, exchange, repository, parseContentDigest(last)),
      );
    case "manifests":
      return manifestEndpoint(method, repository, last, needs);
    case "blobs": {
      if (last === "uploads") return uploadEndpoint(method, repository, "", needs);
      const digest = () => parseContentDigest(last);
      if (read)
        return needs("pull", ({ served, exchange }) => getBlob(served.contents, exchange, repository, digest()));
      if (method !== "DELETE") return wrongMethod;
      return needs("delete", ({ served, exchange }) => deleteBlob(served.contents, exchange, repository, digest()));
    }
    default:
      return uploadEndpoint(method, repository, last, needs);
  }
}

type Needs = (action: "pull" | "push" | "delete", run: Endpoint) => Endpoint;

function manifestEndpoint(method: string, repository: Repository, last: string, needs: Needs): Endpoint {
  const known = () => parseReadReference(last);
  switch (method) {
    case "GET":
    case "HEAD":
      return needs("pull", ({ served, exchange }) => getManifest(served.contents, exchange, repository, known()));
    case "PUT":
      return needs("push", ({ served, exchange }) =>
        putManifest(served.contents, exchange, repository, parseManifestReference(last)),
      );
    case "DELETE":
      return needs("delete", ({ served, exchange }) => deleteManifest(served.contents, exchange, repository, known()));
    default:
      return wrongMethod;
  }
}

function uploadEndpoint(method: string, repository: Repository, id: string, needs: Needs): Endpoint {
  const deps = ({ served, access }: Call) => ({
    ...{ contents: served.contents, uploads: served.uploads },
    mayPull: (from: Repository) => access.may({ action: "pull", repository: from }),
  });
  if (id === "") {
    return method === "POST"
      ? needs("push", (call) => beginUpload(deps(call), call.exchange, repository))
      : wrongMethod;
  }
  switch (method) {
    case "GET":
      return needs("push", (call) => uploadState(deps(call), call.exchange, repository, id));
    case "PATCH":
      return needs("push", (call) => appendChunk(deps(call), call.exchange, repository, id));
    case "PUT":
      return needs("push", (call) => finishUpload(deps(call), call.exchange, repository, id));
    case "DELETE":
      return needs("push", (call) => cancelUpload(deps(call), call.exchange, repository, id));
    default:
      return wrongMethod;
  }
}

function guard(repository: Repository, action: "pull" | "push" | "delete", run: Endpoint): Endpoint {
  return (call) => {
    const { served, exchange, access } = call;
    served.authorizer.require(exchange, access, { action, repository });
    if (served.readOnly && action !== "pull") throw methodUnsupported("this server is read-only");
    return run(call);
  };
}

const ping: Endpoint = ({ served, exchange, access }) => {
  served.authorizer.require(exchange, access, { action: "ping", repository: null });
  exchange.sendJson(200, {});
};
const catalog: Endpoint = ({ served, exchange, access }) => {
  served.authorizer.require(exchange, access, { action: "catalog", repository: null });
  listRepositories(served.contents, exchange);
};
const search =
  (run: typeof searchRegistry): Endpoint =>
  ({ served, exchange, access }) => {
    served.authorizer.require(exchange, access, { action: "catalog", repository: null });
    return run(served.search, exchange, access);
  };
/** What `docker search HOST:PORT/word` asks first. */
const pingV1: Endpoint = ({ exchange }) =>
  exchange.sendJson(200, { standalone: true }, { "X-Docker-Registry-Standalone": "true" });
const token: Endpoint = ({ served, exchange }) => {
  if (!served.authorizer.sendToken) throw pageUnknown();
  return served.authorizer.sendToken(exchange);
};
const wrongMethod: Endpoint = ({ exchange }) => {
  throw methodUnsupported(`${exchange.method} is not known here`);
};

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw pageUnknown();
  }
}
