/** Opens a connection to the daemon; starts the daemon when nobody answers. */
import { DaemonUnreachable } from "./errors.ts";
import { HttpConnection } from "./http/connection.ts";
import type { Endpoint, Environment } from "./paths.ts";

export async function connectOrStart(endpoint: Endpoint, env: Environment): Promise<HttpConnection> {
  try {
    return await HttpConnection.open(endpoint.socketPath);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "EACCES") {
      throw new DaemonUnreachable(
        `Cannot connect to ${endpoint.socketPath}: permission denied`,
        "the daemon belongs to another user; run as that user, or set HYPERBOX_HOME to start your own",
      );
    }
    if (endpoint.explicit) {
      throw new DaemonUnreachable(
        `Cannot connect to ${endpoint.socketPath}: nobody answers there`,
        "a daemon named by --host or HYPERBOX_HOST is not started automatically; start it, or leave the option out",
      );
    }
  }
  const { startDaemon } = await import("./start-daemon.ts");
  await startDaemon(endpoint.socketPath, env);
  return await HttpConnection.open(endpoint.socketPath);
}
