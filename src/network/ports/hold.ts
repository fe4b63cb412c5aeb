/**
 * A published port is also bound by the daemon, so that another program, or a daemon with another home, is told that
 * it is taken. The kernel redirects packets before they get here, but for those to `[::1]`, which it cannot redirect away from
 * the loopback: what arrives is passed on to the container by hand.
 */
import { createSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";

export type Protocol = "tcp" | "udp" | "sctp";
export type HeldPort = Disposable;
/** `fallback`: where to try when the first address refuses, as clients do that know both; empty: nowhere. */
export type Guest = { address: string; fallback: string; port: number };

/** Binds the port; the error has the system's `code` (EADDRINUSE, EADDRNOTAVAIL, EACCES). */
export function holdPort(protocol: Protocol, address: string, port: number, guest: Guest): Promise<HeldPort> {
  // Nothing here can speak SCTP; its ports are looked after among our own containers only.
  if (protocol === "sctp") return Promise.resolve({ [Symbol.dispose]: () => undefined });
  return protocol === "tcp" ? holdTcp(address, port, guest) : holdUdp(address, port);
}

function holdTcp(address: string, port: number, guest: Guest): Promise<HeldPort> {
  const { promise, resolve, reject } = Promise.withResolvers<HeldPort>();
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => passOn(client, guest, open));
  server.once("error", reject);
  server.listen({ host: address, port, exclusive: true, ipv6Only: true }, () =>
    resolve({
      [Symbol.dispose]() {
        server.close();
        for (const socket of open) socket.destroy();
      },
    }),
  );
  server.unref();
  return promise;
}

function passOn(client: Socket, { address, fallback, port }: Guest, open: Set<Socket>): void {
  open.add(client);
  client.on("error", () => client.destroy());
  client.on("close", () => open.delete(client));
  const server = connect({ host: address, port, allowHalfOpen: true });
  open.add(server);
  server.once("connect", () => join(client, server));
  server.on("close", () => open.delete(server));
  server.on("error", () => {
    if (server.bytesRead > 0 || fallback === "" || client.destroyed) client.destroy();
    else passOn(client, { address: fallback, fallback: "", port }, open);
  });
}

function join(client: Socket, server: Socket): void {
  client.on("close", () => server.destroy());
  server.on("close", () => client.destroy());
  client.pipe(server);
  server.pipe(client);
}

function holdUdp(address: string, port: number): Promise<HeldPort> {
  const { promise, resolve, reject } = Promise.withResolvers<HeldPort>();
  const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", ipv6Only: true });
  let open = true;
  const close = () => {
    if (open) socket.close();
    open = false;
  };
  socket.once("error", reject);
  socket.bind({ address, port, exclusive: true }, () => resolve({ [Symbol.dispose]: close }));
  socket.unref();
  return promise;
}
