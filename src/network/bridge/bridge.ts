/** The default bridge: made at the first need, brought back after a restart, removed when nobody needs it. */
import type { NetOp } from "../../engines/index.ts";
import type { Database } from "../../state/index.ts";
import { chooseSubnet } from "../address/choose-subnet.ts";
import type { HostNetwork } from "../address/host.ts";
import { formatIpv4, formatSubnet, overlaps, parseSubnet, type Subnet } from "../address/ipv4.ts";
import { noFreeSubnet } from "../errors.ts";
import type { NetworkNames } from "../names.ts";
import { publishOps } from "../ports/publish.ts";
import type { Reservation } from "../ports/reservations.ts";

export const mtu = 1500;
const forwarding = "net/ipv4/ip_forward";

export type BridgeOptions = {
  db: Database;
  names: NetworkNames;
  tag: string;
  host: HostNetwork;
  now(): number;
  apply(ops: NetOp[]): Promise<void>;
  /** What must be redirected as soon as the table stands. */
  published(): Reservation[];
  /** Whether an address of the present subnet is in use. */
  inUse(): boolean;
};

export type Bridge = {
  /** The subnet chosen, once there is one. */
  subnet(): Subnet | null;
  createdMs(): number;
  /** Idempotent and cheap once it stands; made again when somebody deleted it by hand. */
  ensure(): Promise<Subnet>;
  remove(): Promise<void>;
  /** Whether something of it may be on the host: made by us, or left by an earlier daemon. */
  exists(): boolean;
};

/** Attempts to find a subnet that no other daemon takes at the same moment. */
const maxAttempts = 5;

export function createBridge({ db, names, tag, host, now, apply, published, inUse }: BridgeOptions): Bridge {
  let ready: Promise<Subnet> | null = null;
  let stands = false;

  const stored = (): { subnet: Subnet; createdMs: number } | null => {
    const row = db.prepare("SELECT subnet, created_ms FROM network_bridge").get();
    const subnet = row ? parseSubnet(String(row["subnet"])) : null;
    return row && subnet ? { subnet, createdMs: Number(row["created_ms"]) } : null;
  };

  const make = async (): Promise<Subnet> => {
    const exists = host.hasLink(names.bridge);
    const before = stored()?.subnet;
    if (before && (exists || inUse() || !host.subnets().some((other) => overlaps(other, before)))) {
      await build(before);
      return before;
    }
    const tried: Subnet[] = [];
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const subnet = chooseSubnet(tag, host.subnets(), tried);
      db.prepare("INSERT OR REPLACE INTO network_bridge (one, subnet, created_ms) VALUES (1, ?, ?)").run(
        formatSubnet(subnet),
        now(),
      );
      await build(subnet);
      const others = host.routes().filter(({ link }) => link !== names.bridge);
      if (!others.some((route) => overlaps(route.subnet, subnet))) return subnet;
      tried.push(subnet);
      await apply([{ op: "linkDelete", name: names.bridge, missingOk: true }]);
    }
    throw noFreeSubnet();
  };

  const build = async (subnet: Subnet): Promise<void> => {
    await apply(bridgeOps(subnet));
    // The setting exists only when the bridge does.
    const ops: NetOp[] = [{ op: "sysctl", path: `net/ipv4/conf/${names.bridge}/route_localnet`, value: "1" }];
    if (host.sysctl(forwarding) !== "1") {
      db.prepare("INSERT OR IGNORE INTO network_sysctl (path, previous) VALUES (?, ?)").run(
        forwarding,
        host.sysctl(forwarding) ?? "0",
      );
      ops.push({ op: "sysctl", path: forwarding, value: "1" });
    }
    const { table, bridge } = names;
    ops.push({ op: "nftTableDelete", table, missingOk: true });
    ops.push({ op: "nftTable", table });
    const rules = { internal: false, icc: true, masquerade4: true, masquerade6: true };
    ops.push({ op: "nftNetwork", table, bridge, subnets: [formatSubnet(subnet)], ...rules });
    await apply([...ops, ...publishOps(table, published())]);
  };

  const bridgeOps = (subnet: Subnet): NetOp[] => [
    { op: "bridge", name: names.bridge, addresses: [`${formatIpv4(gatewayOf(subnet))}/${subnet.prefix}`], mtu },
  ];

  return {
    subnet: () => stored()?.subnet ?? null,
    exists: () => ready !== null || host.hasLink(names.bridge),
    createdMs: () => stored()?.createdMs ?? 0,
    ensure() {
      if (stands && !host.hasLink(names.bridge)) {
        stands = false;
        ready = null;
      }
      ready ??= make().then(
        (subnet) => {
          stands = true;
          return subnet;
        },
        (error) => {
          ready = null;
          throw error;
        },
      );
      return ready;
    },
    async remove() {
      await ready?.catch(() => undefined);
      ready = null;
      stands = false;
      const ops: NetOp[] = [
        { op: "nftTableDelete", table: names.table, missingOk: true },
        { op: "linkDelete", name: names.bridge, missingOk: true },
      ];
      const row = db.prepare("SELECT previous FROM network_sysctl WHERE path = ?").get(forwarding);
      const others = host.links().some((link) => link !== names.bridge && host.isBridge(link));
      // Somebody else's bridge may have come to rely on it.
      if (row && !others) ops.push({ op: "sysctl", path: forwarding, value: String(row["previous"]) });
      await apply(ops);
      db.prepare("DELETE FROM network_sysctl WHERE path = ?").run(forwarding);
    },
  };
}

export function gatewayOf(subnet: Subnet): number {
  return subnet.base + 1;
}
