/** Who listens on a TCP port in a process's network. */
import type { HostView } from "./host-view.ts";

const listening = "0A";
const loopbacks = ["0100007F", "00000000000000000000000001000000"];

export function listensOn(view: HostView, pid: number, port: number): "nobody" | "loopback" | "everybody" {
  const lines = ["tcp", "tcp6"].flatMap((file) => (view.read(`/proc/${pid}/net/${file}`) ?? "").split("\n").slice(1));
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const addresses = lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && fields[1]?.endsWith(`:${wanted}`))
    .map((fields) => fields[1]?.split(":")[0] ?? "");
  if (addresses.length === 0) return "nobody";
  return addresses.every((address) => loopbacks.includes(address)) ? "loopback" : "everybody";
}
