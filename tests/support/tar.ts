/** Tar archives by hand, because good writers refuse to make the bad ones that tests need. */

type Options = { type?: string; link?: string; mode?: number };

export function member(
  name: string,
  content: string | Uint8Array,
  { type = "0", link = "", mode = 0o644 }: Options = {},
): Uint8Array {
  const body = Buffer.from(content as string);
  const head = Buffer.alloc(512);
  head.write(name, 0, 100);
  head.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  head.write("0000000\0", 108);
  head.write("0000000\0", 116);
  head.write(`${body.byteLength.toString(8).padStart(11, "0")}\0`, 124);
  head.write("00000000000\0", 136);
  head.write("        ", 148);
  head.write(type, 156);
  head.write(link, 157, 100);
  head.write("ustar\u000000", 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([head, body, Buffer.alloc((512 - (body.byteLength % 512)) % 512)]);
}

export const tarOf = (members: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Buffer.concat([...members, Buffer.alloc(1024)]);
