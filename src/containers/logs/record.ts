/**
 * The log's record: `[stream][flags][0][0][length u32 BE][time u64 BE, ns]` and the payload. The first eight bytes are
 * just the header Docker's multiplexed stream wants, which is what makes reading cheap.
 */
export const headerBytes = 16;
export const maxPayloadBytes = 64 * 1024;

export type StreamNumber = 1 | 2;

export function payloadLength(block: Buffer, at: number): number {
  return block.readUInt32BE(at + 4);
}

/** Nanoseconds as a double: exact to a quarter of a microsecond, which orders what a person can ask for. */
export function timeNs(block: Buffer, at: number): number {
  return block.readUInt32BE(at + 8) * 2 ** 32 + block.readUInt32BE(at + 12);
}

/** RFC 3339 with all nine digits of the record's time, as Docker prints it. */
export function timestamp(block: Buffer, at: number): string {
  const ns = block.readBigUInt64BE(at + 8);
  const ms = Number(ns / 1_000_000n);
  return `${new Date(ms).toISOString().slice(0, 20)}${String(ns % 1_000_000_000n).padStart(9, "0")}Z`;
}

export function isRecord(block: Buffer, at: number): boolean {
  const stream = block[at];
  return (stream === 1 || stream === 2) && block[at + 1] === 0 && payloadLength(block, at) <= maxPayloadBytes;
}

/** The end of the last whole record that begins at or after `start`; `start` itself where there is none. */
export function lastRecordEnd(block: Buffer, start: number, end: number): number {
  let at = start;
  while (at + headerBytes <= end && isRecord(block, at)) {
    const next = at + headerBytes + payloadLength(block, at);
    if (next > end) break;
    at = next;
  }
  return at;
}
