/** Turns a block of records into what the client reads: multiplexed or raw, whole records or lines with timestamps. */
import { headerBytes, payloadLength, timestamp } from "./record.ts";
import { isBefore, type Selection, selects, type TailStart } from "./tail.ts";

export type Format = {
  selection: Selection;
  mux: boolean;
  timestamps: boolean;
  details: boolean;
  tail: TailStart | null;
};
export type Formatter = (block: { bytes: Buffer; offset: number }, file: number) => Uint8Array;

const newline = 10;

export function createFormatter(format: Format): Formatter {
  return format.timestamps || format.details ? createLineFormatter(format) : createPackFormatter(format);
}

/** Moves headers and payloads together within the block: no line is looked at, nothing is allocated. */
function createPackFormatter({ selection, mux, tail }: Format): Formatter {
  return ({ bytes, offset }, file) => {
    let to = 0;
    for (let at = 0; at < bytes.length; ) {
      const next = at + headerBytes + payloadLength(bytes, at);
      if (selects(selection, bytes, at)) {
        const from = at + headerBytes + skipped(tail, bytes, at, offset, file);
        if (from < next) {
          if (mux) {
            bytes.copyWithin(to, at, at + 8);
            bytes.writeUInt32BE(next - from, to + 4);
            to += 8;
          }
          bytes.copyWithin(to, from, next);
          to += next - from;
        }
      }
      at = next;
    }
    return bytes.subarray(0, to);
  };
}

/** How much of the record's payload comes before the tail. */
function skipped(tail: TailStart | null, bytes: Buffer, at: number, offset: number, file: number): number {
  if (!tail) return 0;
  const start = tail[bytes[at] === 2 ? 2 : 1];
  const record = offset + at;
  if (start.file === file && start.record === record) return start.payload;
  return isBefore({ file, record, payload: 0 }, start) ? Number.POSITIVE_INFINITY : 0;
}

function createLineFormatter({ selection, mux, timestamps, details, tail }: Format): Formatter {
  const inLine = { 1: false, 2: false };
  return ({ bytes, offset }, file) => {
    const out: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const stream = bytes[at] === 2 ? 2 : 1;
      const next = at + headerBytes + payloadLength(bytes, at);
      let from = at + headerBytes + skipped(tail, bytes, at, offset, file);
      if (!selects(selection, bytes, at)) from = next;
      const prefix = from < next ? `${timestamps ? `${timestamp(bytes, at)} ` : ""}${details ? " " : ""}` : "";
      while (from < next) {
        const stop = bytes.indexOf(newline, from);
        const ended = stop >= 0 && stop < next;
        const end = ended ? stop + 1 : next;
        const text = inLine[stream] ? "" : prefix;
        if (mux) {
          const header = Buffer.alloc(8);
          header[0] = stream;
          header.writeUInt32BE(text.length + end - from, 4);
          out.push(header);
        }
        if (text !== "") out.push(Buffer.from(text, "latin1"));
        out.push(bytes.subarray(from, end));
        inLine[stream] = !ended;
        from = end;
      }
      at = next;
    }
    return Buffer.concat(out);
  };
}
