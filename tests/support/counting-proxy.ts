/** A TCP proxy that counts what goes through: how much a transfer really cost. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type CountingProxy = AsyncDisposable & { host: string /** Bytes from the server. */; received: number };

export async function openCountingProxy(port: number): Promise<CountingProxy> {
  const sockets = new Set<Socket>();
  const proxy = { host: "", received: 0 };
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on("data", (bytes) => {
      proxy.received += bytes.byteLength;
    });
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(proxy, {
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
}
