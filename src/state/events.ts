/** Docker's event stream: published once by the feature that acts, replayed for `since`, followed by any number of clients. */

export type EventActor = { ID: string; Attributes: Record<string, string> };
/** One event in Docker's JSON shape (API 1.51 EventMessage). */
export type EngineEvent = {
  Type: "container" | "image" | "volume" | "network" | "daemon" | "builder";
  Action: string;
  Actor: EventActor;
  scope: "local";
  time: number;
  timeNano: number;
};

export type EventInput = { type: EngineEvent["Type"]; action: string; id: string; attributes: Record<string, string> };
export type EventListener = (event: EngineEvent) => void;

export type Events = {
  publish(input: EventInput): void;
  /** The last events still held, oldest first. */
  history(): readonly EngineEvent[];
  subscribe(listener: EventListener): Disposable;
};

/** Docker keeps 256 events for `--since`; we keep the same. */
const historyLength = 256;

export function createEvents(now: () => number = Date.now): Events {
  const past: EngineEvent[] = [];
  const listeners = new Set<EventListener>();
  let lastNano = 0;
  return {
    publish({ type, action, id, attributes }) {
      const ms = now();
      // Strictly increasing, so that order is visible though the clock has milliseconds.
      lastNano = Math.max(ms * 1e6, lastNano + 1000);
      const event: EngineEvent = {
        Type: type,
        Action: action,
        Actor: { ID: id, Attributes: attributes },
        scope: "local",
        time: Math.floor(ms / 1000),
        timeNano: lastNano,
      };
      past.push(event);
      if (past.length > historyLength) past.shift();
      for (const listener of [...listeners]) listener(event);
    },
    history: () => past,
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
