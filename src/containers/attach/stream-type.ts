/** Content type of attached and logged output; clients since 1.42 are told whether it is multiplexed. */
export function streamType([major, minor]: readonly [number, number], tty: boolean): string {
  const tells = major > 1 || minor >= 42;
  return tells && !tty ? "application/vnd.docker.multiplexed-stream" : "application/vnd.docker.raw-stream";
}

/** One piece of output with Docker's 8-byte header. */
export function frame(stream: 1 | 2, payload: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(8 + payload.byteLength);
  out.fill(0, 0, 8);
  out[0] = stream;
  out.writeUInt32BE(payload.byteLength, 4);
  out.set(payload, 8);
  return out;
}
