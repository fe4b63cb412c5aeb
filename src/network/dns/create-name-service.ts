/**
 * Keeps the tables of the native name service in step with who is connected where. The service is found where an earlier
 * daemon left it, started when the first container needs it, and started again with everything it knew when it dies.
 */
import type { Logger } from "../../base/log.ts";
import type { JobFrame, NamesRequest } from "../../engines/index.ts";
import type { NamedEndpoint, NameService } from "../name-service.ts";
import { planAsker, planMember } from "./tables.ts";

export type NameControl = Disposable & {
  request(frame: NamesRequest): Promise<Readonly<Record<string, unknown>>>;
  readonly closed: Promise<void>;
};

export type NameServiceOptions = {
  jobs: { run(frame: JobFrame): Promise<unknown> };
  /** Connects to a service that is there already; rejects when there is none. */
  connect(path: string): Promise<NameControl>;
  socketPath: string;
  /** The host's resolv.conf. */
  resolvConf: string;
  logger: Logger;
};

/** Without containers that need it, the connection is given up after this long, and the service ends. */
const idleMs = 10_000;
/** A new daemon has told of all living containers by then. */
const settleMs = 2000;
const shortLifeMs = 1000;

export function createNameService(options: NameServiceOptions): NameService & Disposable {
  const { jobs, connect, socketPath, resolvConf, logger } = options;
  const containers = new Map<string, Map<string, NamedEndpoint>>();
  /** Containers whose sockets the service has, with the namespace that they are of. */
  const attached = new Map<string, string>();
  let control: NameControl | null = null;
  let opening: Promise<NameControl> | null = null;
  let idle: Timer | null = null;
  let refresh: Timer | null = null;
  let restart: Timer | null = null;
  let openedMs = 0;
  let stopped = false;

  const endpointsOf = (id: string): NamedEndpoint[] => [...(containers.get(id)?.values() ?? [])];
  const namedOf = (id: string): NamedEndpoint[] => endpointsOf(id).filter(({ defaultBridge }) => !defaultBridge);
  const needed = (): boolean => [...containers.keys()].some((id) => namedOf(id).length > 0);

  /** What is to be said of these containers as they are now. */
  const words = (ids: readonly string[]) => ({
    join: ids.flatMap(namedOf).map((endpoint) => ({ network: endpoint.networkId, member: planMember(endpoint) })),
    askers: ids.map((id) => planAsker(endpointsOf(id))).filter((asker) => asker !== null),
  });

  const attach = async (id: string): Promise<void> => {
    const namespace = namedOf(id)[0]?.namespace;
    if (namespace === undefined || attached.get(id) === namespace) return;
    attached.set(id, namespace);
    try {
      await jobs.run({ t: "nameSockets", pid: pidOf(namespace), names: { socket: socketPath, key: id } });
    } catch (error) {
      attached.delete(id);
      throw error;
    }
  };

  const open = async (): Promise<NameControl> => {
    let found = await connect(socketPath).catch(() => null);
    if (found !== null) refreshLater();
    else {
      await jobs.run({ t: "nameService", socket: socketPath, resolvConf });
      found = await connect(socketPath);
    }
    const opened = found;
    // One that was found answers those who are still being told of here: what is out of date goes once all are known.
    await opened.request({ t: "names", ...words([...containers.keys()]) });
    const { keys } = await opened.request({ t: "state" });
    attached.clear();
    // Sockets of a process that has ended are let go by the service: those it has are of the one that runs.
    for (const key of Array.isArray(keys) ? keys.map(String) : []) {
      const namespace = namedOf(key)[0]?.namespace;
      if (namespace !== undefined) attached.set(key, namespace);
    }
    control = opened;
    openedMs = Date.now();
    void opened.closed.then(() => lost(opened));
    const late = [...containers.keys()].map((id) => attach(id).catch((error) => report("names.sockets", error)));
    await Promise.all(late);
    return opened;
  };

  const refreshLater = (): void => {
    refresh = setTimeout(() => {
      const all = { t: "names", fresh: true, ...words([...containers.keys()]) } as const;
      control?.request(all).catch((error) => report("names.refresh", error));
    }, settleMs);
    refresh.unref();
  };

  const ensure = async (): Promise<NameControl> => {
    if (control !== null) return control;
    opening ??= open().finally(() => {
      opening = null;
    });
    return opening;
  };

  const lost = (gone: NameControl): void => {
    if (control !== gone) return;
    control = null;
    attached.clear();
    if (stopped || !needed()) return;
    logger.log("warn", "names.lost", {});
    const again = () => void ensure().catch((error) => report("names.restart", error));
    // It may die of what it is told: not as fast as it can.
    restart = setTimeout(again, Date.now() - openedMs > shortLifeMs ? 0 : shortLifeMs);
    restart.unref();
  };

  const report = (event: string, error: unknown): void => {
    if (!stopped) logger.log("error", event, { error: error instanceof Error ? error.message : String(error) });
  };

  const restLater = (): void => {
    if (idle) clearTimeout(idle);
    idle = setTimeout(() => {
      if (needed()) return;
      control?.[Symbol.dispose]();
      control = null;
    }, idleMs);
    idle.unref();
  };

  return {
    address: "127.0.0.11",

    async endpointAdded(endpoint) {
      const { containerId, networkId } = endpoint;
      const mine = containers.get(containerId) ?? new Map<string, NamedEndpoint>();
      mine.set(networkId, endpoint);
      containers.set(containerId, mine);
      if (namedOf(containerId).length === 0) return;
      try {
        const service = await ensure();
        await attach(containerId);
        await service.request({ t: "names", ...words([containerId]) });
      } catch (error) {
        report("names.add", error);
      }
    },

    endpointRemoved(containerId, networkId) {
      const mine = containers.get(containerId);
      const gone = mine?.get(networkId);
      if (mine === undefined || gone === undefined) return;
      mine.delete(networkId);
      if (mine.size === 0) {
        containers.delete(containerId);
        attached.delete(containerId);
      }
      if (!needed()) restLater();
      if (gone.defaultBridge && namedOf(containerId).length === 0) return;
      const asker = planAsker(endpointsOf(containerId)) ?? { key: containerId, networks: [], forward: true };
      const leave = [{ network: networkId, key: containerId }];
      control?.request({ t: "names", leave, askers: [asker] }).catch((error) => report("names.remove", error));
    },

    [Symbol.dispose]() {
      stopped = true;
      for (const timer of [idle, refresh, restart]) if (timer) clearTimeout(timer);
      control?.[Symbol.dispose]();
      control = null;
    },
  };
}

function pidOf(namespace: string): number {
  const pid = /^\/proc\/(\d+)\/ns\/net$/.exec(namespace)?.[1];
  if (pid === undefined) throw new Error(`not a process's network namespace: ${namespace}`);
  return Number(pid);
}
