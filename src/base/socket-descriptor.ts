/**
 * The kernel's descriptor of a socket, which the runtime does not tell for connections that a server accepted. There
 * it is the one whose watched events change when reading is stopped; reading goes on right after. Null: not found, and
 * whoever asked does without.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Duplex } from "node:stream";

type Handle = { fd?: unknown; readStop?: unknown; readStart?: unknown; response?: { bufferedAmount?: unknown } };
type Watched = ReadonlyMap<number, string>;

let eventQueues: readonly number[] | null = null;

/** Null as well while bytes written to it are still on their way to the kernel: another writer would overtake them. */
export function socketDescriptor(socket: Duplex): number | null {
  if (socket.destroyed || socket.writableLength > 0) return null;
  const handle = handleOf(socket);
  if (!handle) return null;
  if (typeof handle.fd === "number" && handle.fd > 2) return handle.fd;
  const { readStop, readStart, response } = handle;
  if (typeof readStop !== "function" || typeof readStart !== "function") return null;
  if (response?.bufferedAmount !== 0) return null;
  try {
    const before = watchedEvents();
    readStop.call(handle);
    const during = watchedEvents();
    readStart.call(handle);
    const changed = [...during].filter(([fd, events]) => before.get(fd) !== events);
    return changed.length === 1 && changed[0] ? changed[0][0] : null;
  } catch {
    return null; // without /proc
  }
}

function handleOf(socket: Duplex): Handle | null {
  for (const key of ["_handle", ...Object.getOwnPropertySymbols(socket)]) {
    if (typeof key === "symbol" && key.description !== "handle") continue;
    const value: unknown = Reflect.get(socket, key);
    if (typeof value === "object" && value !== null) return value;
  }
  return null;
}

function watchedEvents(): Watched {
  eventQueues ??= findEventQueues();
  const watched = new Map<number, string>();
  for (const queue of eventQueues) {
    const text = readFileSync(`/proc/self/fdinfo/${queue}`, "utf8");
    for (const [, fd, events] of text.matchAll(/^tfd:\s*(\d+) events:\s*([0-9a-f]+)/gm)) {
      watched.set(Number(fd), `${queue}:${events}`);
    }
  }
  return watched;
}

function findEventQueues(): number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes("[eventpoll]");
      } catch {
        return false;
      }
    });
}
