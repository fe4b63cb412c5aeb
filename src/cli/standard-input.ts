/** Standard input as chunks, without loading `process.stdin`. */
export function standardInput(): ReadableStream<Uint8Array> {
  return Bun.stdin.stream();
}
