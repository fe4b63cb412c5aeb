/**
 * The host's settings that bridges need, each put back as it was when the last bridge goes. IPv6 forwarding makes a host
 * deaf to router advertisements: interfaces that listened to them are told to go on.
 */
import type { NetOp } from "../../engines/index.ts";
import type { Database } from "../../state/index.ts";
import type { HostNetwork } from "../address/host.ts";

const forward4 = "net/ipv4/ip_forward";
const forward6 = "net/ipv6/conf/all/forwarding";
const listens = "1";
const listensThoughForwarding = "2";

export type Forwarding = {
  /** Changes that are still missing; what was there before is written down first. */
  need(ipv6: boolean): NetOp[];
  /** Changes that put back what was there before. */
  undo(): NetOp[];
  /** After `undo` was applied. */
  forget(): void;
};

export function createForwarding(db: Database, host: HostNetwork): Forwarding {
  const change = (path: string, value: string): NetOp[] => {
    const now = host.sysctl(path);
    if (now === value || now === null) return [];
    db.prepare("INSERT OR IGNORE INTO network_sysctl (path, previous) VALUES (?, ?)").run(path, now);
    return [{ op: "sysctl", path, value, missingOk: true }];
  };
  return {
    need(ipv6) {
      const ops = change(forward4, "1");
      if (!ipv6 || host.sysctl(forward6) === "1") return ops;
      for (const link of host.links()) {
        const path = `net/ipv6/conf/${link}/accept_ra`;
        if (link !== "lo" && !host.isBridge(link) && host.sysctl(path) === listens)
          ops.push(...change(path, listensThoughForwarding));
      }
      return [...ops, ...change(forward6, "1")];
    },
    undo: () =>
      db
        .prepare("SELECT path, previous FROM network_sysctl ORDER BY path = ? DESC")
        .all(forward6)
        .map((row) => ({ op: "sysctl", path: String(row["path"]), value: String(row["previous"]), missingOk: true })),
    forget: () => db.prepare("DELETE FROM network_sysctl").run(),
  };
}
