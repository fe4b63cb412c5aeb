import { expect, test } from "bun:test";
import { fstatSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { sendWithDescriptor } from "./send-with-descriptor.ts";
import { socketDescriptor } from "./socket-descriptor.ts";

test("socketDescriptor() and sendWithDescriptor() pass a hijacked connection on, which then still reads", async () => {
  const dir = mkdtempSync("/tmp/hbx-descriptor-");
  const path = join(dir, "s");
  const server = createServer();
  const heard = Promise.withResolvers<string>();
  server.on("upgrade", (_raw, socket) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    const fd = socketDescriptor(socket);
    expect(fd).not.toBeNull();
    expect(fstatSync(fd ?? -1).isSocket()).toBe(true);
    // The message goes to our own client, so that the right socket is the one that got it.
    expect(sendWithDescriptor(fd ?? -1, Buffer.from("hello"), fd ?? -1)).toBe(true);
    socket.once("data", (bytes: Buffer) => {
      heard.resolve(bytes.toString());
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const others = Array.from({ length: 5 }, () => connect(path));
  const client = connect(path);
  client.write("POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
  let seen = "";
  client.on("data", (bytes) => {
    seen += bytes.toString();
    if (seen.endsWith("hello")) client.write("answer");
  });
  expect(await heard.promise).toBe("answer");
  expect(seen).toEndWith("\r\n\r\nhello");
  for (const socket of [client, ...others]) socket.destroy();
  server.close();
  rmSync(dir, { recursive: true });
});
