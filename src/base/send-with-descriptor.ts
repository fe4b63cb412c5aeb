/** SCM_RIGHTS, which the runtime does not offer: bytes over a Unix socket, and with them an open descriptor. */
import { dlopen, ptr } from "bun:ffi";

const solSocket = 1;
const scmRights = 1;
const dontWait = 0x40;
const noSignal = 0x4000;

type SendMessage = (socket: number, message: Buffer, flags: number) => bigint | number;
let sendMessage: SendMessage | null | undefined;

/** False: nothing was sent, because the host's C library is another one or the socket is full. */
export function sendWithDescriptor(socket: number, bytes: Uint8Array, descriptor: number): boolean {
  if (sendMessage === undefined) sendMessage = load();
  if (sendMessage === null || bytes.byteLength === 0) return false;
  const control = Buffer.alloc(24); // struct cmsghdr with one int, padded
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(solSocket, 8);
  control.writeInt32LE(scmRights, 12);
  control.writeInt32LE(descriptor, 16);
  const vector = Buffer.alloc(16); // struct iovec
  vector.writeBigUInt64LE(BigInt(ptr(bytes)), 0);
  vector.writeBigUInt64LE(BigInt(bytes.byteLength), 8);
  const message = Buffer.alloc(56); // struct msghdr
  message.writeBigUInt64LE(BigInt(ptr(vector)), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(BigInt(ptr(control)), 32);
  message.writeBigUInt64LE(BigInt(control.byteLength), 40);
  const sent = Number(sendMessage(socket, message, dontWait | noSignal));
  // A frame this small goes whole or not at all, unless the buffer was nearly full.
  if (sent > 0 && sent < bytes.byteLength) throw new Error("the socket took only part of a message");
  return sent > 0;
}

function load(): SendMessage | null {
  try {
    const libc = dlopen("libc.so.6", { sendmsg: { args: ["i32", "ptr", "i32"], returns: "i64" } });
    return (socket, message, flags) => libc.symbols.sendmsg(socket, ptr(message), flags);
  } catch {
    return null;
  }
}
