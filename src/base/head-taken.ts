/**
 * Waits until the peer of a Unix socket has read what was written to it. Some HTTP clients (Python's among them) read the head of
 * an upgrade through a buffer that they then throw away: what follows too fast is lost to them.
 */
import { dlopen, ptr } from "bun:ffi";
import type { Duplex } from "node:stream";
import { socketDescriptor } from "./socket-descriptor.ts";

/** Bytes sent and not yet received, as the kernel counts its memory: 0 is exact. */
const siocOutQ = 0x5411n;
/** A client that does not read by then has itself to thank for what it loses. */
const patienceMs = 200;
/** Turns of the event loop before the clock is used, whose ticks are a millisecond. */
const eagerTurns = 64;

type Ioctl = (fd: number, request: bigint, out: Int32Array) => number;
let ioctl: Ioctl | null | undefined;

/** At once where the kernel cannot be asked, and when the client has gone. */
export async function headTaken(socket: Duplex): Promise<void> {
  if (ioctl === undefined) ioctl = load();
  const fd = socketDescriptor(socket);
  if (fd === null || ioctl === null) return;
  const unread = new Int32Array(1);
  const end = Date.now() + patienceMs;
  for (let turn = 0; !socket.destroyed; turn += 1) {
    if (ioctl(fd, siocOutQ, unread) !== 0 || unread[0] === 0) return;
    if (turn >= eagerTurns && Date.now() > end) return;
    await new Promise<void>((resolve) => {
      if (turn < eagerTurns) setImmediate(resolve);
      else setTimeout(resolve, 1);
    });
  }
}

function load(): Ioctl | null {
  try {
    const libc = dlopen("libc.so.6", { ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" } });
    return (fd, request, out) => libc.symbols.ioctl(fd, request, ptr(out));
  } catch {
    return null;
  }
}
