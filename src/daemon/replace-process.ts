/** execve, which the runtime does not offer: this process becomes another program and keeps its id and its open streams. */
import { dlopen, ptr } from "bun:ffi";
import { EngineError } from "../base/errors.ts";

/** Whose memory the kernel reads: held here, so that it outlives the call. */
const held: Buffer[] = [];

/** Returns only by throwing. `path` is absolute; nothing is looked up in PATH. */
export function replaceProcess(path: string, argv: readonly string[], env: Readonly<Record<string, string>>): never {
  const libc = dlopen("libc.so.6", { execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" } });
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  libc.symbols.execve(cString(path), pointerArray(argv), pointerArray(variables));
  throw new EngineError({
    code: "daemon.exec",
    kind: "unavailable",
    message: `Cannot run ${path}: the kernel refused to execute it`,
    hint: "look at the file's permissions and at the limits of this user's processes",
  });
}

function cString(text: string): Buffer {
  const bytes = Buffer.from(`${text}\0`);
  held.push(bytes);
  return bytes;
}

/** Addresses of C strings, ended by a null one. */
function pointerArray(strings: readonly string[]): BigUint64Array {
  return BigUint64Array.from([...strings.map((text) => BigInt(ptr(cString(text)))), 0n]);
}
