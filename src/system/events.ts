/** GET /events: what happened since, then what happens, a JSON object a line, until the client leaves or `until` is reached. */
import { type ApiRequest, parseFilters } from "../api/index.ts";
import { parseTimestamp } from "../base/timestamp.ts";
import type { EngineEvent, Events } from "../state/index.ts";
import { eventFilterNames, parseEventFilter } from "./event-filter.ts";

/** A client that does not read loses its stream rather than growing the daemon. */
const maxWaiting = 4096;
const maxTimerMs = 2 ** 31 - 1;

export async function handleEvents(events: Events, request: ApiRequest, now: () => number = Date.now): Promise<void> {
  const { query, signal } = request;
  const matches = parseEventFilter(parseFilters(query, eventFilterNames));
  const sinceMs = time(query.get("since"), now());
  const untilMs = time(query.get("until"), now());
  const queue = createQueue(signal);
  // Subscribed before the past is read, in one go: nothing is lost or doubled.
  using _subscription = events.subscribe((event) => {
    if (matches(event) && (untilMs === null || event.timeNano / 1e6 <= untilMs)) queue.push(event);
  });
  const past = sinceMs === null ? [] : events.history().filter((event) => event.timeNano / 1e6 >= sinceMs);
  const sink = request.stream(200, "application/json");
  sink.flush();
  for (const event of past.filter(matches)) {
    if (untilMs === null || event.timeNano / 1e6 <= untilMs) await sink.write(formatEvent(event));
  }
  using _deadline = closeAt(queue, untilMs, now);
  for await (const event of queue) await sink.write(formatEvent(event));
  await sink.end();
}

function time(text: string | null, nowMs: number): number | null {
  return text === null || text === "" ? null : parseTimestamp(text, nowMs);
}

/** Containers and images have three older fields too. */
export function formatEvent(event: EngineEvent): string {
  const { Type, Action, Actor } = event;
  const older =
    Type === "container" || Type === "image"
      ? { status: Action, id: Actor.ID, ...(Type === "container" ? { from: Actor.Attributes.image ?? "" } : {}) }
      : {};
  return `${JSON.stringify({ ...older, ...event })}\n`;
}

function closeAt(queue: Queue, untilMs: number | null, now: () => number): Disposable {
  if (untilMs === null) return { [Symbol.dispose]: () => undefined };
  const delayMs = Math.min(Math.max(0, untilMs - now()), maxTimerMs);
  const timer = setTimeout(() => queue.close(), delayMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

type Queue = AsyncIterable<EngineEvent> & { push(event: EngineEvent): void; close(): void };

function createQueue(signal: AbortSignal): Queue {
  const waiting: EngineEvent[] = [];
  let closed = signal.aborted;
  let wake: (() => void) | null = null;
  const notify = () => {
    wake?.();
    wake = null;
  };
  const close = () => {
    closed = true;
    notify();
  };
  signal.addEventListener("abort", close, { once: true });
  return {
    push(event) {
      if (closed) return;
      waiting.push(event);
      if (waiting.length > maxWaiting) close();
      else notify();
    },
    close,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const event = waiting.shift();
        if (event) yield event;
        else if (closed) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
