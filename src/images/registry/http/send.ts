/**
 * One HTTP request over Bun's fetch, with what a registry needs around it: a deadline for silence, tries again, redirects that
 * lose the credentials with the host, proxies, TLS per host. Bun's client holds back the sender when nobody reads (measured:
 * 30 MB resident with 400 MB on their way), so that bodies need no window of their own.
 */
import { badAnswer, stalled, tooManyRequests, unreachable } from "../errors.ts";
import type { RegistrySettings } from "../settings.ts";
import { backoffDelay, retryAfterSec, wait } from "./backoff.ts";
import type { TlsOptions } from "./certificates.ts";
import { tlsFor } from "./certificates.ts";
import { isInsecure } from "./endpoints.ts";
import { proxyFor } from "./proxy.ts";

export type Outgoing = {
  method: string;
  url: URL;
  headers?: Readonly<Record<string, string>>;
  /** Goes to this very origin only: a redirect to another host loses it. */
  authorization?: string | null;
  body?: Blob | Uint8Array | string;
  tls?: TlsOptions | undefined;
  signal: AbortSignal;
  /** False: what was sent may have had an effect, so that it is sent once. */
  again?: boolean;
};

export type Incoming = {
  /** Where it came from in the end. */
  url: URL;
  status: number;
  headers: Headers;
  /** Throws `registry.stalled` when nothing comes for too long. Leaving the loop early closes the connection. */
  body(): AsyncGenerator<Uint8Array>;
  /** At most `limitBytes`; more is an error. */
  bytes(limitBytes: number): Promise<Uint8Array>;
  /** Reads nothing more. */
  drop(): void;
};

export type Send = (request: Outgoing) => Promise<Incoming>;

const maxRedirects = 8;
/** Who asks for more patience than this is believed, but not waited for. */
const maxRetryAfterSec = 60;
const transient = new Set([408, 429, 500, 502, 503, 504]);

export function createSend(settings: RegistrySettings): Send {
  return async (request) => {
    const { signal, again = true } = request;
    for (let attempt = 0; ; attempt++) {
      const last = !again || attempt + 1 >= settings.attempts;
      let delayMs = backoffDelay(attempt, settings.backoffMs);
      try {
        const answer = await follow(request, settings);
        if (!transient.has(answer.status)) return answer;
        const afterSec = retryAfterSec(answer.headers.get("retry-after"), Date.now());
        if (answer.status === 429 && (last || (afterSec ?? 0) > maxRetryAfterSec)) {
          answer.drop();
          throw tooManyRequests(answer.url, afterSec);
        }
        if (last || (afterSec ?? 0) > maxRetryAfterSec) return answer;
        answer.drop();
        if (afterSec !== null) delayMs = Math.max(delayMs, afterSec * 1000);
      } catch (error) {
        signal.throwIfAborted();
        if (last || !isTransient(error)) throw error;
      }
      await wait(delayMs, signal);
    }
  };
}

/** The network's own failures. A host that is not there or speaks no TLS will not be another one in a second. */
const lasting = /ENOTFOUND|ECONNREFUSED|EPROTO|CERT|SELF_SIGNED|VERIFY|EAI_|TLS|SSL/;

function isTransient(error: unknown): boolean {
  const { code, details } = error as { code?: unknown; details?: { network?: unknown } };
  if (code === "registry.stalled") return true;
  return code === "registry.unreachable" && !lasting.test(String(details?.network ?? ""));
}

async function follow(request: Outgoing, settings: RegistrySettings): Promise<Incoming> {
  let { url, tls } = request;
  let authorization = request.authorization ?? null;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const answer = await once({ ...request, url, tls, authorization }, settings);
    const location = answer.headers.get("location");
    const moved = [301, 302, 303, 307, 308].includes(answer.status);
    if (!moved || location === null || (request.method !== "GET" && request.method !== "HEAD")) return answer;
    answer.drop();
    const next = resolveLocation(location, url);
    if (url.protocol === "https:" && next.protocol === "http:" && !isInsecure(next, settings)) {
      throw badAnswer(url, `it sends us from https to ${next.protocol}//${next.host}`);
    }
    if (next.origin !== url.origin) {
      authorization = null;
      tls = next.protocol === "https:" ? tlsFor(next.host, settings, isInsecure(next, settings)) : undefined;
    }
    url = next;
  }
  throw badAnswer(request.url, `it redirects more than ${maxRedirects} times`);
}

/** Throws unless it is an http address. */
export function resolveLocation(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw badAnswer(from, `it redirects to ${JSON.stringify(location.slice(0, 100))}, which is no http address`);
}

async function once(request: Outgoing, settings: RegistrySettings): Promise<Incoming> {
  const { method, url, body, tls, signal, authorization } = request;
  const watch = watchSilence(url, settings.stallMs, signal);
  const proxy = proxyFor(url, settings.environment);
  const init = {
    method,
    headers: {
      "User-Agent": "hyperbox",
      "Accept-Encoding": "identity",
      ...request.headers,
      ...(authorization ? { Authorization: authorization } : {}),
    },
    redirect: "manual",
    decompress: false,
    timeout: false,
    proxy: proxy ?? false,
    signal: watch.signal,
    ...(body === undefined ? {} : { body }),
    ...(tls && url.protocol === "https:" ? { tls } : {}),
  };
  let response: Response;
  try {
    response = await fetch(withoutUser(url), init as unknown as RequestInit);
  } catch (error) {
    watch.end();
    throw watch.failure() ?? unreachable(url, error);
  }
  watch.pause();
  return incoming(url, response, watch);
}

/** A name and a password in an address (a `Location` may have them) are not used. */
function withoutUser(url: URL): string {
  const plain = new URL(url.href);
  plain.username = "";
  plain.password = "";
  return plain.href;
}

function incoming(url: URL, response: Response, watch: SilenceWatch): Incoming {
  async function* body(): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    try {
      for (;;) {
        watch.expect();
        const piece = await reader?.read();
        watch.pause();
        if (!piece || piece.done) return;
        yield piece.value;
      }
    } catch (error) {
      throw watch.failure() ?? unreachable(url, error);
    } finally {
      watch.end();
      void reader?.cancel().catch(() => undefined);
    }
  }
  return {
    url,
    status: response.status,
    headers: response.headers,
    body,
    async bytes(limitBytes) {
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of body()) {
        size += piece.byteLength;
        if (size > limitBytes) throw badAnswer(url, `it is larger than ${limitBytes} bytes`);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    },
    drop() {
      watch.end();
      void response.body?.cancel().catch(() => undefined);
    },
  };
}

type SilenceWatch = {
  readonly signal: AbortSignal;
  expect(): void;
  pause(): void;
  end(): void;
  /** What ended the request from our side; null: it was the other. */
  failure(): unknown;
};

function watchSilence(url: URL, timeoutMs: number, outer: AbortSignal): SilenceWatch {
  const controller = new AbortController();
  const abort = () => controller.abort(outer.reason);
  if (outer.aborted) abort();
  outer.addEventListener("abort", abort, { once: true });
  const start = () => setTimeout(() => controller.abort(stalled(url, timeoutMs)), timeoutMs);
  let timer: ReturnType<typeof setTimeout> | null = start();
  const pause = () => {
    if (timer) clearTimeout(timer);
    timer = null;
  };
  return {
    signal: controller.signal,
    expect() {
      pause();
      timer = start();
    },
    pause,
    end() {
      pause();
      outer.removeEventListener("abort", abort);
    },
    failure: () => (controller.signal.aborted ? controller.signal.reason : null),
  };
}
