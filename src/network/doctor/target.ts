/** What a container wants to reach: a name or an address, and perhaps a port. */
import { isIP } from "node:net";
import { invalidTarget } from "../errors.ts";

export type Target = { host: string; port: number | null; protocol: "tcp" | "udp" };

/** `db`, `db:5432`, `192.0.2.1:53/udp`, `[fd00::1]:80`, `https://example.com/path`. */
export function parseTarget(text: string): Target {
  const url = /^(https?):\/\/([^/]+)/.exec(text);
  if (url) {
    const inner = parseTarget(url[2] ?? "");
    return { ...inner, port: inner.port ?? (url[1] === "https" ? 443 : 80) };
  }
  const [place = "", protocol = "tcp"] = text.split("/");
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(place);
  const plain = isIP(place) === 6 ? null : /^([^:[\]]+)(?::(\d+))?$/.exec(place);
  const [, host = isIP(place) === 6 ? place : "", digits] = bracketed ?? plain ?? [];
  const port = digits === undefined ? null : Number(digits);
  const wrongPort = port !== null && !(port >= 1 && port <= 65535);
  if (host === "" || wrongPort || (protocol !== "tcp" && protocol !== "udp")) throw invalidTarget(text);
  return { host, port, protocol };
}
