/** Opens and closes published ports: reserved in the database, bound by the daemon, redirected by the kernel. */
import type { NetOp } from "../../engines/index.ts";
import { cannotPublish, noFreePort, portInUse } from "../errors.ts";
import type { PortMap } from "../schema.ts";
import { type Guest, type HeldPort, holdPort } from "./hold.ts";
import { ephemeralPorts, type PortRequest, parsePortRequests, type Target } from "./requests.ts";
import type { Reservation, Reservations } from "./reservations.ts";

export type PublisherOptions = {
  reservations: Reservations;
  /** Applies changes as one transaction. */
  apply(ops: NetOp[]): Promise<void>;
  table: string;
  /** The name that people know a container by. */
  containerName(id: string): string;
};

export type Publisher = Disposable & {
  publish(containerId: string, target: Target, defaultAddress: string, ports: PortMap): Promise<PortMap>;
  unpublish(containerId: string): Promise<void>;
  /** Binds the ports of earlier reservations again; one that another program took meanwhile stays redirected. */
  hold(): Promise<void>;
};

export function createPublisher(options: PublisherOptions): Publisher {
  const { reservations, apply, table, containerName } = options;
  const held = new Map<string, HeldPort>();
  let lastEphemeral = ephemeralPorts.last;

  const forget = (reservation: Reservation): void => {
    held.get(keyOf(reservation))?.[Symbol.dispose]();
    held.delete(keyOf(reservation));
    reservations.remove(reservation);
  };

  const guestOf = ({ containerId, protocol, hostPort, guestIp, guestPort }: Reservation): Guest => {
    const other = reservations
      .of(containerId)
      .find((one) => one.protocol === protocol && one.hostPort === hostPort && one.guestIp !== guestIp);
    return { address: guestIp, fallback: other?.guestIp ?? "", port: guestPort };
  };

  /** Reserves before it binds: nobody else gets the port while this waits. */
  const takeOne = async (reservation: Reservation, key: string): Promise<"taken" | "busy"> => {
    const { protocol, hostIp, hostPort } = reservation;
    reservations.add(reservation);
    try {
      held.set(keyOf(reservation), await holdPort(protocol, hostIp, hostPort, guestOf(reservation)));
      return "taken";
    } catch (error) {
      forget(reservation);
      if (codeOf(error) === "EADDRINUSE") return "busy";
      throw bindFailure(key, label(hostIp, hostPort), error);
    }
  };

  const take = async (request: PortRequest, containerId: string): Promise<Reservation[]> => {
    const { key, protocol, ways, guestPort, hostPorts } = request;
    const only = hostPorts.first === hostPorts.last;
    for (const hostPort of portsOf(request, lastEphemeral)) {
      const taken: Reservation[] = [];
      const busy = (hostIp: string, holder: string): void => {
        if (only) throw portInUse(label(hostIp, hostPort), holder);
      };
      try {
        for (const { hostIp, guestIp } of ways) {
          const holder = reservations.holder(protocol, hostIp, hostPort);
          if (holder !== null) {
            busy(hostIp, `container ${containerName(holder)}`);
            break;
          }
          const reservation: Reservation = { protocol, hostIp, hostPort, guestIp, guestPort, containerId };
          if ((await takeOne(reservation, key)) === "busy") {
            busy(hostIp, "another program");
            break;
          }
          taken.push(reservation);
        }
      } catch (error) {
        taken.forEach(forget);
        throw error;
      }
      if (taken.length === ways.length) {
        if (request.ephemeral) lastEphemeral = hostPort;
        return taken;
      }
      taken.forEach(forget);
    }
    throw noFreePort(`${hostPorts.first}-${hostPorts.last}`);
  };

  const unpublish = async (containerId: string): Promise<void> => {
    const mine = reservations.of(containerId);
    if (mine.length === 0) return;
    await apply(
      mine.map(({ protocol, hostIp, hostPort }) => ({
        op: "nftUnpublish",
        table,
        protocol,
        hostIp,
        hostPort,
        missingOk: true,
      })),
    );
    mine.forEach(forget);
  };

  return {
    async publish(containerId, target, defaultAddress, ports) {
      const requests = parsePortRequests(ports, defaultAddress, target);
      const actual: PortMap = Object.fromEntries(Object.keys(ports).map((key) => [key, null]));
      const taken: Reservation[] = [];
      try {
        for (const request of requests) {
          for (const reservation of await take(request, containerId)) {
            taken.push(reservation);
            const binding = { HostIp: reservation.hostIp, HostPort: String(reservation.hostPort) };
            actual[request.key] = [...(actual[request.key] ?? []), binding];
          }
        }
        if (taken.length > 0) await apply(publishOps(table, taken));
      } catch (error) {
        taken.forEach(forget);
        throw error;
      }
      return actual;
    },
    unpublish,
    async hold() {
      for (const reservation of reservations.all()) {
        const { protocol, hostIp, hostPort } = reservation;
        if (held.has(keyOf(reservation))) continue;
        const port = await holdPort(protocol, hostIp, hostPort, guestOf(reservation)).catch(() => null);
        if (port) held.set(keyOf(reservation), port);
      }
    },
    [Symbol.dispose]() {
      for (const port of held.values()) port[Symbol.dispose]();
      held.clear();
    },
  };
}

export function publishOps(table: string, reservations: readonly Reservation[]): NetOp[] {
  return reservations.map(({ containerId: _, ...port }) => ({ op: "nftPublish", table, ...port }));
}

function* portsOf({ hostPorts: { first, last }, ephemeral }: PortRequest, after: number): Generator<number> {
  const start = ephemeral && after < last ? after + 1 : first;
  for (let port = start; port <= last; port++) yield port;
  for (let port = first; port < start; port++) yield port;
}

function label(hostIp: string, hostPort: number): string {
  return hostIp.includes(":") ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`;
}

function keyOf({ protocol, hostIp, hostPort }: Reservation): string {
  return `${protocol} ${hostIp} ${hostPort}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function bindFailure(key: string, endpoint: string, error: unknown): Error {
  if (codeOf(error) === "EADDRNOTAVAIL")
    return cannotPublish(key, `${endpoint} is not an address of this host`, undefined, error);
  return cannotPublish(key, `${endpoint} cannot be bound (${codeOf(error) || "unknown reason"})`, undefined, error);
}
