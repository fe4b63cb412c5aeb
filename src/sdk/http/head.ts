/** HTTP/1.1 response heads. Strict: whatever is not clearly a head is refused. */
import { HttpProtocolError } from "../errors.ts";
import type { SocketStream } from "../socket-stream.ts";

export const maxHeadBytes = 64 * 1024;

export type ResponseHead = { status: number; headers: Map<string, string>; keepAlive: boolean };

/** Reads up to the empty line; bytes after it are put back. */
export async function readHead(stream: SocketStream): Promise<ResponseHead> {
  let seen: Uint8Array = new Uint8Array(0);
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) {
      throw new HttpProtocolError(
        seen.length === 0 ? "the daemon closed the connection" : "the daemon closed the connection within an answer",
      );
    }
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const end = Buffer.from(seen.buffer, seen.byteOffset, seen.byteLength).indexOf("\r\n\r\n");
    if (end > maxHeadBytes || (end < 0 && seen.length > maxHeadBytes)) {
      throw new HttpProtocolError(`the answer's head is longer than ${maxHeadBytes} bytes`);
    }
    if (end >= 0) {
      stream.unread(seen.subarray(end + 4));
      return parseHead(new TextDecoder("latin1").decode(seen.subarray(0, end)));
    }
  }
}

/** `text` is the head without its final empty line. */
export function parseHead(text: string): ResponseHead {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: .*)?$/.exec(statusLine);
  if (!match) throw new HttpProtocolError(`not an HTTP answer: ${JSON.stringify(statusLine.slice(0, 60))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0 || !/^[!#$%&'*+.^_`|~\w-]+$/.test(line.slice(0, colon))) {
      throw new HttpProtocolError(`malformed header line: ${JSON.stringify(line.slice(0, 60))}`);
    }
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const earlier = headers.get(name);
    if (earlier !== undefined && name === "content-length" && earlier !== value) {
      throw new HttpProtocolError("two different Content-Length headers");
    }
    headers.set(name, earlier === undefined || name === "content-length" ? value : `${earlier}, ${value}`);
  }
  const connection = (headers.get("connection") ?? "").toLowerCase();
  const keepAlive = match[1] === "1" ? !connection.includes("close") : connection.includes("keep-alive");
  return { status: Number(match[2]), headers, keepAlive };
}
