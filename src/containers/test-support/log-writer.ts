/** Writes log files as the shim does, rotation included. */
import { appendFileSync, existsSync, renameSync, statSync } from "node:fs";

export function logRecord(stream: 1 | 2, text: string | Uint8Array, timeMs = 0): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(16);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  header.writeBigUInt64BE(BigInt(timeMs) * 1_000_000n, 8);
  return Buffer.concat([header, payload]);
}

export function rotate(path: string, maxFiles: number): void {
  for (let index = maxFiles - 2; index >= 0; index--) {
    const from = index === 0 ? path : `${path}.${index}`;
    if (existsSync(from)) renameSync(from, `${path}.${index + 1}`);
  }
}

export function append(path: string, ...records: Uint8Array[]): void {
  appendFileSync(path, Buffer.concat(records));
}

export const sizeOf = (path: string): number => statSync(path).size;
