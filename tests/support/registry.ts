/** A registry server of a test's daemon. */
import type { TestHome } from "./home.ts";

export type ServedRegistry = { url: string; host: string; port: number };

/** On a port of the kernel's choice, with what the client says beside. */
export async function serveRegistry(home: TestHome, options: Record<string, unknown> = {}): Promise<ServedRegistry> {
  const answer = await home.api.ok("POST", "/hbx/v1/registry/servers", { Listen: "127.0.0.1:0", ...options });
  const { Url, Address } = answer.json as { Url: string; Address: string };
  return { url: Url, host: Address, port: Number(Address.split(":").at(-1)) };
}
