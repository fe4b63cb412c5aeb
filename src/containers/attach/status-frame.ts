/** Our own frame in a multiplexed stream: kind 3, JSON about the run or the exec. Clients of Docker never meet it. */

export const streamWithStatus = "application/vnd.docker.multiplexed-stream";
const statusKind = 3;

export function statusFrame(value: object): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const frame = Buffer.alloc(8 + body.byteLength);
  frame.writeUInt8(statusKind, 0);
  frame.writeUInt32BE(body.byteLength, 4);
  body.copy(frame, 8);
  return frame;
}
