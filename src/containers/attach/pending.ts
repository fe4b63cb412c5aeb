/** Clients that attached before the start. They are connected by the claim, so that not a byte is missed. */
import type { Duplex } from "node:stream";
import type { AttachOptions } from "../../engines/index.ts";
import type { Container } from "../model/container.ts";

export type PendingAttach = {
  options: AttachOptions;
  /** The client's own socket, where output may go straight to it. */
  client?: Duplex;
  /** Copies between client and container until both are done. */
  connect(stream: Duplex): void;
  /** The start failed or never came: hangs up. */
  drop(): void;
};

export async function connectPending(
  container: Container,
  attach: (options: AttachOptions, output?: Duplex) => Promise<Duplex>,
): Promise<void> {
  if (container.pendingAttaches.size === 0) return;
  const waiting = [...container.pendingAttaches];
  container.pendingAttaches.clear();
  await Promise.all(
    waiting.map(async (pending) => {
      try {
        pending.connect(await attach(pending.options, pending.client));
      } catch (error) {
        pending.drop();
        throw error;
      }
    }),
  );
}

export function dropPending(container: Container): void {
  for (const pending of container.pendingAttaches) pending.drop();
  container.pendingAttaches.clear();
}
