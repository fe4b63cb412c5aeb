/** Which container has which host port, durable, so that a later daemon restores the same. */
import type { Database, Row } from "../../state/index.ts";
import type { Protocol } from "./hold.ts";

export type Reservation = {
  protocol: Protocol;
  /** `0.0.0.0`, `::`: every address of the host, of one family. */
  hostIp: string;
  hostPort: number;
  guestIp: string;
  guestPort: number;
  containerId: string;
};

export type Reservations = {
  /** Id of the container that has the port, by this address or by all. */
  holder(protocol: Protocol, hostIp: string, hostPort: number): string | null;
  add(reservation: Reservation): void;
  remove(reservation: Reservation): void;
  of(containerId: string): Reservation[];
  all(): Reservation[];
};

const isAny = (ip: string): boolean => ip === "0.0.0.0" || ip === "::";
const sameFamily = (a: string, b: string): boolean => a.includes(":") === b.includes(":");

export function createReservations(db: Database): Reservations {
  const at = db.prepare("SELECT host_ip, container_id FROM network_port WHERE protocol = ? AND host_port = ?");
  const insert = db.prepare(
    "INSERT INTO network_port (protocol, host_ip, host_port, guest_ip, guest_port, container_id) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const remove = db.prepare("DELETE FROM network_port WHERE protocol = ? AND host_ip = ? AND host_port = ?");
  const of = db.prepare("SELECT * FROM network_port WHERE container_id = ?");
  const all = db.prepare("SELECT * FROM network_port");
  return {
    holder(protocol, hostIp, hostPort) {
      const overlapping = (ip: string) => sameFamily(ip, hostIp) && (isAny(hostIp) || isAny(ip) || ip === hostIp);
      const row = at.all(protocol, hostPort).find((found) => overlapping(String(found["host_ip"])));
      return row ? String(row["container_id"]) : null;
    },
    add: (r) => insert.run(r.protocol, r.hostIp, r.hostPort, r.guestIp, r.guestPort, r.containerId),
    remove: (r) => remove.run(r.protocol, r.hostIp, r.hostPort),
    of: (containerId) => of.all(containerId).map(parse),
    all: () => all.all().map(parse),
  };
}

const protocols: readonly Protocol[] = ["tcp", "udp", "sctp"];

function parse(row: Row): Reservation {
  return {
    protocol: protocols.find((one) => one === row["protocol"]) ?? "tcp",
    hostIp: String(row["host_ip"]),
    hostPort: Number(row["host_port"]),
    guestIp: String(row["guest_ip"]),
    guestPort: Number(row["guest_port"]),
    containerId: String(row["container_id"]),
  };
}
