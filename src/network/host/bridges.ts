/**
 * What stands on the host for our networks: a bridge each, one table for all, forwarding. Made at the first need, brought
 * back when somebody else takes it away, and taken down when nobody needs it.
 */
import { EngineError } from "../../base/errors.ts";
import type { NetOp } from "../../engines/index.ts";
import type { Database } from "../../state/index.ts";
import type { HostNetwork } from "../address/host.ts";
import { hostAddresses, type Network } from "../model/network.ts";
import { createForwarding } from "./forwarding.ts";

export type BridgesOptions = {
  db: Database;
  table: string;
  host: HostNetwork;
  apply(ops: NetOp[]): Promise<void>;
  /** Published ports, as they have to be in a new table. */
  published(): NetOp[];
  /** Host ends of the interfaces on a bridge. */
  ports(network: Network): string[];
};

export type Bridges = {
  /** The bridge and its addresses only: others can see that the subnet is taken. */
  claim(network: Network): Promise<void>;
  unclaim(network: Network): Promise<void>;
  /** Cheap once it stands; made again when somebody deleted it by hand. */
  ensure(network: Network): Promise<void>;
  /** Several at once, and the table anew: after a start of the daemon, or when somebody flushed it. */
  restore(networks: readonly Network[]): Promise<void>;
  remove(networks: readonly Network[]): Promise<void>;
  /** Does `change` in the table, which is made anew first if somebody took it away. */
  inTable(change: NetOp[]): Promise<void>;
  standing(): Network[];
  /** The network whose bridge has that name, if one of ours stands there. */
  byBridge(name: string): Network | undefined;
};

const missing = 2; // ENOENT

export function createBridges({ db, table, host, apply, published, ports }: BridgesOptions): Bridges {
  const up = new Map<string, Network>();
  const forwarding = createForwarding(db, host);
  let tableStands = false;
  let last: Promise<unknown> = Promise.resolve();

  /** Changes of bridges come one after the other. */
  const serial = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  };
  const stands = ({ id, link }: Network): boolean => up.has(id) && host.hasLink(link.bridge);

  const tableOps = (): NetOp[] => [
    { op: "nftTableDelete", table, missingOk: true },
    { op: "nftTable", table },
    ...[...up.values()].map((network) => rulesOf(table, network)),
    ...published(),
  ];
  const bridgeOps = (network: Network): NetOp[] => {
    const { bridge: name, mtu, icc } = network.link;
    const addresses = hostAddresses(network);
    const ops: NetOp[] = [{ op: "bridge", name, mtu, addresses: addresses.filter((text) => !text.includes(":")) }];
    // Settings exist only when the bridge does, and an address of IPv6 only when that is not switched off.
    if (network.ipv4) ops.push({ op: "sysctl", path: `net/ipv4/conf/${name}/route_localnet`, value: "1" });
    if (network.ipv6) {
      ops.push({ op: "sysctl", path: `net/ipv6/conf/${name}/disable_ipv6`, value: "0" });
      ops.push({ op: "sysctl", path: `net/ipv6/conf/${name}/accept_ra`, value: "0" });
      ops.push({ op: "bridge", name, mtu, addresses });
    }
    for (const link of ports(network)) ops.push({ op: "port", link, bridge: name, isolated: !icc, missingOk: true });
    return ops;
  };
  const make = async (networks: readonly Network[], anew: boolean): Promise<void> => {
    for (const network of networks) up.set(network.id, network);
    const ipv6 = [...up.values()].some((network) => network.ipv6);
    const links = [...networks.flatMap(bridgeOps), ...forwarding.need(ipv6)];
    const rules = tableStands && !anew ? networks.map((network) => rulesOf(table, network)) : tableOps();
    try {
      await apply([...links, ...rules]);
      tableStands = true;
    } catch (error) {
      if (isMissing(error) && tableStands && !anew) return make(networks, true);
      for (const network of networks) up.delete(network.id);
      throw error;
    }
  };

  const inTable = async (change: NetOp[]): Promise<void> => {
    try {
      await apply(change);
    } catch (error) {
      if (!isMissing(error) || !tableStands) throw error;
      await serial(() => make([], true));
      await apply(change);
    }
  };

  return {
    claim: (network) => serial(() => apply(bridgeOps(network).slice(0, 1))),
    unclaim: ({ link }) => serial(() => apply([{ op: "linkDelete", name: link.bridge, missingOk: true }])),
    async ensure(network) {
      if (stands(network)) return;
      await serial(async () => {
        if (!stands(network)) await make([network], false);
      });
    },
    restore: (networks) => serial(() => make(networks, true)),
    remove: (networks) =>
      serial(async () => {
        for (const { id } of networks) up.delete(id);
        const gone: NetOp[] = networks.map(({ link }) => ({ op: "linkDelete", name: link.bridge, missingOk: true }));
        if (up.size > 0) {
          const rules: NetOp[] = networks.map(({ link, pools }) => ({
            op: "nftNetworkDelete",
            table,
            bridge: link.bridge,
            subnets: pools.map(({ subnet }) => subnet),
          }));
          await apply([...gone, ...(tableStands ? rules : [])]).catch((error: unknown) => {
            if (!isMissing(error)) throw error;
            return make([], true);
          });
          return;
        }
        const mine = new Set(networks.map(({ link }) => link.bridge));
        // Somebody else's bridge may have come to rely on forwarding.
        const others = host.links().some((link) => !mine.has(link) && host.isBridge(link));
        const settings = others ? [] : forwarding.undo();
        await apply([...gone, ...settings, { op: "nftTableDelete", table, missingOk: true }]);
        tableStands = false;
        forwarding.forget();
      }),
    inTable,
    standing: () => [...up.values()],
    byBridge: (name) => [...up.values()].find(({ link }) => link.bridge === name),
  };
}

function rulesOf(table: string, { link, internal, pools, ipv4, ipv6 }: Network): NetOp {
  return {
    op: "nftNetwork",
    table,
    bridge: link.bridge,
    subnets: pools.map(({ subnet }) => subnet),
    internal,
    icc: link.icc,
    masquerade4: ipv4 && link.masquerade && !internal,
    masquerade6: ipv6 && link.masquerade && !internal,
  };
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof EngineError && error.details["step"] === "nft_transaction" && error.details["errno"] === missing
  );
}
