/** Speaks to a daemon only if there is one: asking about it must not start it. */
import type { Session } from "../../cli/session.ts";
import { type Client, createClient } from "../../sdk/client.ts";

export async function runningDaemon(session: Session): Promise<Client | null> {
  const client = createClient(session.endpoint.socketPath);
  try {
    await client.text("GET", "/_ping");
    return client;
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "ENOENT" || code === "ECONNREFUSED") return null;
    throw error;
  }
}
