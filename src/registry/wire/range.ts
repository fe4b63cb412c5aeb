/** `Range` of a download and `Content-Range` of an upload. */
import { rangeNotSatisfiable, uploadInvalid } from "../errors.ts";

export type ByteRange = { start: number; end: number };

/** Inclusive. Null: all of it, as HTTP wants it where the header is no single range of bytes. */
export function parseRange(text: string | undefined, sizeBytes: number): ByteRange | null {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? "");
  if (!found || (found[1] === "" && found[2] === "")) return null;
  const [, first = "", last = ""] = found;
  const start = first === "" ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (first !== "" && last !== "" && Number(last) < start) return null;
  if (start > end) throw rangeNotSatisfiable(sizeBytes);
  return { start, end };
}

/** `0-1023`, and for clients that keep to HTTP's form `bytes 0-1023/*`. */
export function parseContentRange(text: string | undefined): ByteRange | null {
  if (text === undefined || text === "") return null;
  const found = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(text);
  const range = { start: Number(found?.[1]), end: Number(found?.[2]) };
  if (!found || range.end < range.start) {
    throw uploadInvalid(`the Content-Range ${JSON.stringify(text.slice(0, 100))} is not <first byte>-<last byte>`);
  }
  return range;
}
