/** HTTP engine: versions, matching, streaming, hijack, error kind → status. Knows no resource. */
export {
  type HttpListener,
  type HttpListenerOptions,
  type IncomingMessage,
  listenHttp,
  type ServerResponse,
} from "./http-listener.ts";
export { type Filters, intQuery, parseFilters } from "./query.ts";
export {
  type ApiRequest,
  type ByteSink,
  boolQuery,
  type Method,
  type Refusal,
  type Route,
  refusedRoute,
} from "./route.ts";
export { type ApiServer, createApiServer } from "./server.ts";
export { openTlsDoor, type TlsDoor } from "./tls-door.ts";
export { formatVersion, newestVersion, oldestVersion } from "./versions.ts";
