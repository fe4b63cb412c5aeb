/** Writes the outer tar of an image archive: ustar, fixed times and owners, so that equal images give equal archives. */
export type TarEntry = { name: string /** Default 0644, directories 0755. */; mode?: number } & (
  | { bytes: Uint8Array }
  | { open(): AsyncIterable<Uint8Array>; sizeBytes: number }
  | { directory: true }
  | { linkTarget: string }
);

const block = 512;

export async function* writeTar(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    if ("directory" in entry) yield header(entry, 0, "5");
    else if ("linkTarget" in entry) yield header(entry, 0, "2");
    else if ("bytes" in entry) {
      yield header(entry, entry.bytes.byteLength, "0");
      yield entry.bytes;
      yield padding(entry.bytes.byteLength);
    } else {
      yield header(entry, entry.sizeBytes, "0");
      yield* exactly(entry);
      yield padding(entry.sizeBytes);
    }
  }
  yield new Uint8Array(2 * block);
}

async function* exactly(entry: { name: string; open(): AsyncIterable<Uint8Array>; sizeBytes: number }) {
  let read = 0;
  for await (const chunk of entry.open()) {
    read += chunk.byteLength;
    if (read > entry.sizeBytes) break;
    yield chunk;
  }
  if (read !== entry.sizeBytes)
    throw new Error(`${entry.name} has not the ${entry.sizeBytes} bytes that were recorded`);
}

function padding(sizeBytes: number): Uint8Array {
  return new Uint8Array((block - (sizeBytes % block)) % block);
}

/** POSIX ustar header; names of archives are short, sizes of 8 GiB and more are written in base 256 as GNU does. */
function header(entry: TarEntry, sizeBytes: number, type: "0" | "2" | "5"): Uint8Array {
  const bytes = Buffer.alloc(block);
  const linkTarget = "linkTarget" in entry ? entry.linkTarget : "";
  for (const text of [entry.name, linkTarget]) {
    if (Buffer.byteLength(text) > 100) throw new Error(`${text} does not fit into a tar header`);
  }
  const mode = entry.mode ?? { "0": 0o644, "2": 0o777, "5": 0o755 }[type];
  bytes.write(entry.name, 0);
  bytes.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  bytes.write("0000000\0", 108);
  bytes.write("0000000\0", 116);
  writeSize(bytes, sizeBytes);
  bytes.write("00000000000\0", 136);
  bytes.write(" ".repeat(8), 148);
  bytes.write(type, 156);
  bytes.write(linkTarget, 157);
  bytes.write("ustar\x0000", 257, "latin1");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function writeSize(bytes: Buffer, sizeBytes: number): void {
  if (sizeBytes < 8 ** 11) {
    bytes.write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124);
    return;
  }
  bytes[124] = 0x80;
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 128);
}
