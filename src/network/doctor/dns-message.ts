/** One question of DNS and what came back, as far as the doctor needs it. */

export type NameAnswer = { code: "ok" | "no such name" | "failure"; addresses: string[] };

/** Asks for the IPv4 addresses of a name. */
export function buildQuestion(name: string): Uint8Array {
  const labels = name.split(".").filter(Boolean);
  const bytes = [0x68, 0x62, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const label of labels) bytes.push(label.length, ...Buffer.from(label, "latin1"));
  return Uint8Array.from([...bytes, 0, 0, 1, 0, 1]);
}

/** Null for what is no answer. Names are not read: the addresses stand at the end of their records. */
export function readAnswer(reply: Uint8Array): NameAnswer | null {
  if (reply.length < 12) return null;
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
  const rcode = view.getUint8(3) & 15;
  if (rcode === 3) return { code: "no such name", addresses: [] };
  if (rcode !== 0) return { code: "failure", addresses: [] };
  const addresses: string[] = [];
  let at = skipName(view, 12) + 4;
  for (let n = view.getUint16(6); n > 0; n--) {
    at = skipName(view, at);
    if (at + 10 > reply.length) return null;
    const [type, length] = [view.getUint16(at), view.getUint16(at + 8)];
    if (type === 1 && length === 4 && at + 14 <= reply.length)
      addresses.push(reply.subarray(at + 10, at + 14).join("."));
    at += 10 + length;
  }
  return { code: "ok", addresses };
}

function skipName(view: DataView, from: number): number {
  let at = from;
  while (at < view.byteLength) {
    const length = view.getUint8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
  return at;
}
