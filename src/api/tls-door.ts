/**
 * The API over TCP with mutual TLS: whoever shows a certificate that our authority signed is let through to the Unix socket,
 * byte for byte, so that no handler knows the difference. Whoever reaches this door is root on the machine, hence no
 * form without certificates.
 */
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "../base/log.ts";

export type TlsDoorOptions = {
  host: string;
  port: number;
  /** PEM: the authority of the clients, our own certificate and its key. */
  ca: string;
  cert: string;
  key: string;
  /** Where the API answers. */
  socketPath: string;
  logger: Logger;
};

export type TlsDoor = AsyncDisposable & { readonly port: number };

/** A client that has not shown its certificate by then is cut off. */
const handshakeTimeoutMs = 10_000;

/** Rejects with the system's error when it cannot listen, with TLS's when the files are no certificates. */
export async function openTlsDoor(options: TlsDoorOptions): Promise<TlsDoor> {
  const { host, port, ca, cert, key, socketPath, logger } = options;
  const { createServer } = await import("node:tls");
  const sockets = new Set<Socket>();
  const server = createServer({
    ...{ ca, cert, key, allowHalfOpen: true },
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    handshakeTimeout: handshakeTimeoutMs,
  });
  server.on("secureConnection", (client: TLSSocket) => {
    if (!client.authorized) return void client.destroy();
    const inner = connect({ path: socketPath, allowHalfOpen: true });
    for (const socket of [client, inner]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    join(client, inner);
    join(inner, client);
  });
  server.on("tlsClientError", (error: Error) => {
    logger.log("warn", "api.tls_refused", { error: error.message });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One direction, with back-pressure; the end of one is the end of the other's input, a failure that of both. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.once("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}
