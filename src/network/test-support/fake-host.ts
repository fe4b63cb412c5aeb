/** A host that remembers what was done to it, and networks on it: for tests without root. */
import type { Endpoint, JobFrame, NetOp } from "../../engines/index.ts";
import { createEvents, type Database, openDatabase } from "../../state/index.ts";
import type { HostNetwork, HostRoute } from "../address/host.ts";
import { parseSubnet } from "../address/ip.ts";
import { networkMigrations } from "../migrations.ts";
import type { NameService } from "../name-service.ts";
import { createNetworks, type NetworksOptions } from "../networks.ts";
import type { Attached } from "../view/network-json.ts";

export type FakeHost = ReturnType<typeof createFakeHost>;

export function createFakeHost() {
  const links = new Map<string, string[]>([
    ["lo", []],
    ["eth0", ["192.0.2.0/24"]],
  ]);
  const sysctls = new Map([
    ["net/ipv4/ip_forward", "0"],
    ["net/ipv6/conf/all/forwarding", "0"],
    ["net/ipv6/conf/eth0/accept_ra", "1"],
  ]);
  const routes = (): HostRoute[] =>
    [...links].flatMap(([link, texts]) =>
      texts.flatMap((text) => {
        const subnet = parseSubnet(text);
        return subnet ? [{ link, subnet }] : [];
      }),
    );
  const host: HostNetwork = {
    subnets: () => routes().map(({ subnet }) => subnet),
    routes,
    links: () => [...links.keys()],
    hasLink: (name) => links.has(name),
    isBridge: (link) => /^(hbx|docker|mine)/.test(link),
    sysctl: (path) => sysctls.get(path) ?? null,
  };
  const applied: NetOp[] = [];
  const state = { refuse: null as ((op: NetOp) => Error | null) | null, nowMs: 1_000_000 };
  const run = async (frame: JobFrame, options?: { onFrame?: (frame: Record<string, unknown>) => void }) => {
    if (frame.t === "watchNetwork") {
      options?.onFrame?.({ what: "watching", name: frame.table });
      return new Promise<never>(() => undefined);
    }
    if (frame.t === "probe") return { ok: true, detail: "made one" };
    if (frame.t !== "network") throw new Error(frame.t);
    for (const op of frame.ops) {
      const error = state.refuse?.(op);
      if (error) throw error;
      applied.push(op);
      if (op.op === "bridge") links.set(op.name, op.addresses);
      if (op.op === "linkDelete") links.delete(op.name);
      if (op.op === "sysctl" && sysctls.has(op.path)) sysctls.set(op.path, op.value);
    }
    return {};
  };
  const db = (): Database => {
    const opened = openDatabase(":memory:");
    opened.migrate(networkMigrations);
    return opened;
  };
  return { links, sysctls, host, applied, state, run, db };
}

export function openNetworks(lab: FakeHost, db: Database, more: Partial<NetworksOptions> = {}) {
  const attached: Attached[] = [];
  const seen: string[] = [];
  const drained: string[] = [];
  const events = createEvents();
  events.subscribe(({ Type, Action, Actor }) => void seen.push(`${Type} ${Action} ${Actor.Attributes["name"]}`));
  const networks = createNetworks({
    ...{ db, events, tag: "00000000", publishAddress: "127.0.0.1", host: lab.host },
    jobs: { run: lab.run },
    logger: { log: () => undefined },
    attached: () => attached,
    containerName: (id) => id,
    spares: { warm: () => undefined, drain: async (id) => void drained.push(id) },
    now: () => lab.state.nowMs,
    ...more,
  });
  const prepare = async (name: string, wishes?: { address?: string }): Promise<Endpoint> => {
    const request = { kind: "network", network: networks.networkId(name), ...(wishes ? { wishes } : {}) } as const;
    const { endpoint } = await networks.prepare(request);
    if (!endpoint) throw new Error("no endpoint");
    return endpoint;
  };
  return { networks, prepare, attached, seen, drained };
}

/** A name service that remembers. */
export function createFakeNames() {
  const added: string[] = [];
  const removed: string[] = [];
  const names: NameService = {
    address: "127.0.0.11",
    endpointAdded: async ({ containerName, networkName, aliases }) =>
      void added.push([containerName, networkName, ...aliases].join(" ")),
    endpointRemoved: (containerId, networkId) => void removed.push(`${containerId} ${networkId}`),
  };
  return { names, added, removed };
}
