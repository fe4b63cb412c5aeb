/**
 * Images mounted ahead: a process of the native core holds each EROFS image mounted, attached nowhere, for as long as
 * the daemon lives. A start reaches it by a path in /proc and makes nothing but its overlay.
 */
import type { EngineError } from "../../base/errors.ts";
import { type CoreConnection, expectHello, type Frame, protocolError } from "./connection.ts";
import type { FailedFrame, HoldMountsFrame } from "./protocol.ts";

export type HeldMounts = Disposable & {
  /** Mounts `image` unless it is; answers the directory, good until `unmount` or the end of the holding process. */
  mount(image: string): Promise<string>;
  /** The directory of an image that is mounted now. */
  find(image: string): string | undefined;
  /** What is mounted over it stays whole. */
  unmount(image: string): Promise<void>;
};

type Answer = { resolve(frame: Frame): void; reject(error: unknown): void };
type Held = { path: string; fd: number };

export function createHeldMounts(
  connect: () => Promise<CoreConnection>,
  describe: (failed: FailedFrame) => EngineError,
): HeldMounts {
  let holder: Promise<CoreConnection> | null = null;
  const mounted = new Map<string, Held>();
  const mounting = new Map<string, Promise<string>>();
  const waiting: Answer[] = [];

  const lose = (error: unknown) => {
    holder = null;
    mounted.clear();
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  /** Answers come in the order of the requests. */
  const read = async (connection: CoreConnection): Promise<void> => {
    try {
      for (;;) {
        const frame = await connection.receive();
        if (frame === null) throw protocolError("Cannot mount an image: the process that holds the mounts has ended");
        waiting.shift()?.resolve(frame);
      }
    } catch (error) {
      connection[Symbol.dispose]();
      lose(error);
    }
  };
  const open = async (): Promise<CoreConnection> => {
    const connection = await connect();
    connection.send({ t: "holdMounts" });
    await expectHello(connection);
    await connection.receive();
    void read(connection);
    return connection;
  };
  const ask = async (frame: HoldMountsFrame): Promise<Frame> => {
    holder ??= open();
    const opening = holder;
    const connection = await opening.catch((error: unknown) => {
      if (holder === opening) holder = null;
      throw error;
    });
    const answer = await new Promise<Frame>((resolve, reject) => {
      waiting.push({ resolve, reject });
      connection.send(frame);
    });
    if (answer.t === "failed") throw describe(answer as unknown as FailedFrame);
    return answer;
  };
  const mount = async (image: string): Promise<string> => {
    const { pid, fd } = await ask({ t: "mountImage", path: image });
    const held = { path: `/proc/${Number(pid)}/fd/${Number(fd)}`, fd: Number(fd) };
    mounted.set(image, held);
    return held.path;
  };
  return {
    find: (image) => mounted.get(image)?.path,
    mount(image) {
      const held = mounted.get(image);
      if (held) return Promise.resolve(held.path);
      const under = mounting.get(image);
      if (under) return under;
      const work = mount(image).finally(() => mounting.delete(image));
      mounting.set(image, work);
      return work;
    },
    async unmount(image) {
      // Forgotten at once where it can be: who asks from now on gets a mount of its own.
      if (!mounted.has(image)) await mounting.get(image)?.catch(() => undefined);
      const held = mounted.get(image);
      if (!held) return;
      mounted.delete(image);
      await ask({ t: "unmountImage", fd: held.fd });
    },
    [Symbol.dispose]() {
      const opened = holder;
      lose(protocolError("Cannot mount an image: the daemon is stopping"));
      void opened?.then(
        (connection) => connection[Symbol.dispose](),
        () => undefined,
      );
    },
  };
}
