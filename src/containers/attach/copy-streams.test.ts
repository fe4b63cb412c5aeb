import { expect, test } from "bun:test";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { copyStreams } from "./copy-streams.ts";

const options = { stdin: false, detachKeys: null };

test("copyStreams() is done at once when the container's side was closed before", async () => {
  const container = new PassThrough();
  container.destroy();
  await once(container, "close");
  const client = new PassThrough();
  await copyStreams(client, container, options);
  expect(client.writableEnded).toBe(true);
});

test("copyStreams() lets go of the container when the client has left before", async () => {
  const client = new PassThrough();
  client.destroy();
  await once(client, "close");
  const container = new PassThrough();
  await copyStreams(client, container, options);
  expect(container.destroyed).toBe(true);
});
