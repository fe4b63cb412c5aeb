/** Copies bytes between a client and a container's stdio, with back-pressure both ways, until one side is done. */
import type { Duplex } from "node:stream";
import { Transform } from "node:stream";
import { createDetachFilter } from "./detach-keys.ts";

type Options = {
  stdin: boolean;
  /** Null: input is passed as it is. */
  detachKeys: readonly number[] | null;
  onDetach?: () => void;
  /** More is to be said to the client after the output. */
  keepClientOpen?: boolean;
};

/** Resolves when the container's side has ended or the client has left. Never rejects. */
export function copyStreams(client: Duplex, container: Duplex, options: Options): Promise<void> {
  return new Promise((resolve) => {
    let done = false;
    const finish = (): void => {
      if (done) return;
      done = true;
      container.destroy();
      if (!client.destroyed && !options.keepClientOpen) client.end();
      resolve();
    };
    client.once("close", finish);
    client.once("error", () => client.destroy());
    container.once("error", finish);
    container.once("end", finish);
    container.once("close", finish);
    // A container may have ended, and its side closed, before anybody came to copy: no event tells of that again.
    if (container.destroyed || container.readableEnded) return finish();
    if (client.destroyed) return finish();
    container.pipe(client, { end: false });
    if (!options.stdin) {
      // Read on all the same, or the client's leaving would go unseen.
      client.resume();
      return;
    }
    if (!options.detachKeys) {
      client.pipe(container);
      return;
    }
    const detach = () => {
      options.onDetach?.();
      finish();
    };
    client.pipe(detachTransform(options.detachKeys, detach)).pipe(container);
  });
}

function detachTransform(keys: readonly number[], detach: () => void): Transform {
  const filter = createDetachFilter(keys);
  return new Transform({
    transform(chunk: Uint8Array, _encoding, next) {
      const { pass, detached } = filter.push(chunk);
      next(null, pass.byteLength > 0 ? pass : undefined);
      if (detached) detach();
    },
  });
}
