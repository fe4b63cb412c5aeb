/** The three files of the network in a container's /etc. */
import { readFileSync } from "node:fs";
import { buildHosts, type HostsRequest } from "./hosts.ts";
import { buildResolvConf, parseResolvConf, type ResolvRequest } from "./resolv-conf.ts";

export type GuestFilesRequest = Omit<HostsRequest & ResolvRequest, "hostFile" | "resolver"> & {
  /** In a network whose containers are found by name. */
  named: boolean;
};
export type GuestFiles = { hostname: string; hosts: string; resolvConf: string };

/** Contents of the host's own files. */
export type HostFiles = { hosts(): string; resolvConf(mode: string): string };

/** `resolver`: the name service's address, where the container is to ask that. */
export function buildGuestFiles(request: GuestFilesRequest, host: HostFiles, resolver: string | null): GuestFiles {
  return {
    hostname: `${request.hostname}\n`,
    hosts: buildHosts({ ...request, hostFile: request.mode === "host" ? host.hosts() : "" }),
    resolvConf: buildResolvConf({ ...request, resolver, hostFile: host.resolvConf(request.mode) }),
  };
}

const resolvConf = "/etc/resolv.conf";
/** Where systemd-resolved keeps the real resolvers when the usual file names its own stub only. */
const upstreamResolvConf = "/run/systemd/resolve/resolv.conf";

export const systemHostFiles: HostFiles = {
  hosts: () => read("/etc/hosts"),
  resolvConf(mode) {
    const text = read(resolvConf);
    const { nameservers } = parseResolvConf(text);
    const stubOnly = nameservers.length === 1 && nameservers[0] === "127.0.0.53";
    return mode !== "host" && stubOnly ? read(upstreamResolvConf) || text : text;
  },
};

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
