/** Opens and closes published ports: reserved in the database, bound by the daemon, redirected by the kernel. */
import type { NetOp } from "../../engines/index.ts";
import { cannotPublish, noFreePort, portInUse } from "../errors.ts";
import type { PortMap } from "../schema.ts";
import { type HeldPort, holdPort } from "./hold.ts";
import { ephemeralPorts, type PortRequest, parsePortRequests } from "./requests.ts";
import type { Reservation, Reservations } from "./reservations.ts";

export type PublisherOptions = {
  reservations: Reservations;
  /** Applies changes as one transaction. */
  apply(ops: NetOp[]): Promise<void>;
  table: string;
  defaultAddress: string;
  /** The name that people know a container by. */
  containerName(id: string): string;
};

export type Publisher = Disposable & {
  publish(containerId: string, guestIp: string, ports: PortMap): Promise<PortMap>;
  unpublish(containerId: string): Promise<void>;
  /** Binds the ports of earlier reservations again; one that another program took meanwhile stays redirected. */
  hold(): Promise<void>;
};

export function createPublisher(options: PublisherOptions): Publisher {
  const { reservations, apply, table, defaultAddress, containerName } = options;
  const held = new Map<string, HeldPort>();
  let lastEphemeral = ephemeralPorts.last;

  const forget = (reservation: Reservation): void => {
    held.get(keyOf(reservation))?.[Symbol.dispose]();
    held.delete(keyOf(reservation));
    reservations.remove(reservation);
  };

  /** Reserves before it binds: nobody else gets the port while this waits. */
  const take = async (request: PortRequest, containerId: string, guestIp: string): Promise<Reservation> => {
    const { protocol, hostIp, guestPort, hostPorts } = request;
    const only = hostPorts.first === hostPorts.last;
    for (const hostPort of portsOf(request, lastEphemeral)) {
      const endpoint = `${hostIp}:${hostPort}`;
      const holder = reservations.holder(protocol, hostIp, hostPort);
      if (holder !== null) {
        if (only) throw portInUse(endpoint, `container ${containerName(holder)}`);
        continue;
      }
      const reservation: Reservation = { protocol, hostIp, hostPort, guestIp, guestPort, containerId };
      reservations.add(reservation);
      try {
        held.set(keyOf(reservation), await holdPort(protocol, hostIp, hostPort));
      } catch (error) {
        forget(reservation);
        if (codeOf(error) !== "EADDRINUSE") throw bindFailure(request.key, endpoint, error);
        if (only) throw portInUse(endpoint, "another program");
        continue;
      }
      if (request.ephemeral) lastEphemeral = hostPort;
      return reservation;
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
    async publish(containerId, guestIp, ports) {
      const requests = parsePortRequests(ports, defaultAddress);
      const actual: PortMap = Object.fromEntries(Object.keys(ports).map((key) => [key, null]));
      const taken: Reservation[] = [];
      try {
        for (const request of requests) {
          const reservation = await take(request, containerId, guestIp);
          taken.push(reservation);
          const binding = { HostIp: reservation.hostIp, HostPort: String(reservation.hostPort) };
          actual[request.key] = [...(actual[request.key] ?? []), binding];
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
        const port = await holdPort(protocol, hostIp, hostPort).catch(() => null);
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
