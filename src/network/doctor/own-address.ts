/** Whether an IPv4 address is the host's. */
import type { HostView } from "./host-view.ts";

export function isOwnAddress(view: HostView, address: string): boolean {
  // Below `/32 host LOCAL` in the table of local addresses.
  return new RegExp(`\\|-- ${address.replaceAll(".", "\\.")}\\n\\s+/32 host LOCAL`).test(
    view.read("/proc/net/fib_trie") ?? "",
  );
}
