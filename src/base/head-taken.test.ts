import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headTaken } from "./head-taken.ts";

test("headTaken() resolves once the peer has read, or has gone", async () => {
  const dir = mkdtempSync(join(tmpdir(), "hbx-head-"));
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => accepted.resolve(socket)).listen(join(dir, "socket"));
  const client = connect(join(dir, "socket"));
  client.pause();
  const socket = await accepted.promise;
  socket.write("head");
  let taken = false;
  const waiting = headTaken(socket).then(() => {
    taken = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const early = taken;
  client.on("data", () => undefined);
  client.resume();
  await waiting;
  expect({ early, taken }).toEqual({ early: false, taken: true });
  client.destroy();
  socket.destroy();
  await headTaken(socket);
  server.close();
  rmSync(dir, { recursive: true });
});
