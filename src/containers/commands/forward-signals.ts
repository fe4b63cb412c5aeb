import type { Client } from "../../sdk/client.ts";

const names = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** Hands our signals on to the container (`--sig-proxy`). */
export function forwardSignals(client: Client, id: string): Disposable {
  const handlers = names.map((name) => {
    const handler = () =>
      void client.text("POST", `/containers/${id}/kill`, { query: { signal: name } }).catch(() => undefined);
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    [Symbol.dispose]() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
