/** The proxy for an address, by the rules that Go's and curl's tools share. */
import { bareHost, inNetwork, isLoopback } from "./network-list.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Null: directly. The loopback never goes through a proxy. */
export function proxyFor(url: URL, environment: Environment): string | null {
  if (isLoopback(url.hostname)) return null;
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const proxy = environment[name] || environment[name.toLowerCase()] || "";
  if (proxy === "" || isExcepted(url, environment.NO_PROXY || environment.no_proxy || "")) return null;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function isExcepted(url: URL, list: string): boolean {
  const host = bareHost(url.hostname);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => {
      if (entry === "") return false;
      if (entry === "*") return true;
      const [, name = entry, wanted] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
      if (wanted !== undefined && wanted !== port) return false;
      if (inNetwork(host, name)) return true;
      const suffix = name.replace(/^\*?\.?/, "");
      const subdomainsOnly = name.startsWith(".") || name.startsWith("*.");
      return (!subdomainsOnly && host === suffix) || host.endsWith(`.${suffix}`);
    });
}
