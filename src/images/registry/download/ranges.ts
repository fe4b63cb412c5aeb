/** What a registry says about the part that it sends, held against the part that was asked for. */
import { badAnswer, registryError } from "../errors.ts";
import type { Incoming } from "../http/send.ts";
import type { Span } from "./partial-file.ts";

/** The part that the bytes of the answer are. Throws `registry.bad_range` where it is not (a beginning of) the one wanted. */
export function spanOf(answer: Incoming, wanted: Span, sizeBytes: number): Span {
  const length = answer.headers.get("content-length");
  if (answer.status === 200) {
    if (length !== null && Number(length) !== sizeBytes)
      throw badAnswer(answer.url, `it has ${length} bytes, but its manifest says ${sizeBytes}`);
    return { start: 0, end: sizeBytes };
  }
  const header = answer.headers.get("content-range") ?? "";
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header.trim());
  const span = { start: Number(match?.[1]), end: Number(match?.[2]) + 1 };
  const fits =
    match !== null &&
    answer.status === 206 &&
    span.start === wanted.start &&
    span.end > span.start &&
    span.end <= wanted.end &&
    (match[3] === "*" || Number(match[3]) === sizeBytes) &&
    (length === null || Number(length) === span.end - span.start);
  if (fits) return span;
  throw registryError(
    "unavailable",
    "bad_range",
    `Cannot use the part that ${answer.url.host} sent: bytes ${wanted.start}-${wanted.end - 1} of ${sizeBytes} were asked for, ` +
      `status ${answer.status} with ${header === "" ? "no range" : JSON.stringify(header.slice(0, 80))} came`,
  );
}
