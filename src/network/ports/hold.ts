/**
 * A published port is also bound by the daemon, so that another program, or a daemon with another home, is told that
 * it is taken. The kernel redirects packets before they get here; what arrives all the same is turned away.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

export type Protocol = "tcp" | "udp";
export type HeldPort = Disposable;

/** Binds the port; the error has the system's `code` (EADDRINUSE, EADDRNOTAVAIL, EACCES). */
export function holdPort(protocol: Protocol, address: string, port: number): Promise<HeldPort> {
  const { promise, resolve, reject } = Promise.withResolvers<HeldPort>();
  if (protocol === "tcp") {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen({ host: address, port, exclusive: true }, () =>
      resolve({ [Symbol.dispose]: () => void server.close() }),
    );
    server.unref();
  } else {
    const socket = createSocket("udp4");
    let open = true;
    const close = () => {
      if (open) socket.close();
      open = false;
    };
    socket.once("error", reject);
    socket.bind({ address, port, exclusive: true }, () => resolve({ [Symbol.dispose]: close }));
    socket.unref();
  }
  return promise;
}
