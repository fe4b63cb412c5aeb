/** A container that comes to have names to ask for while it runs asks the name service from then on. */
import { writeFileSync } from "node:fs";
import type { Endpoint } from "../../engines/index.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import { networkNames } from "../run/network-mode.ts";

export function rewriteResolvConf(context: Context, container: Container, endpoints: readonly Endpoint[]): void {
  const { id, config, hostConfig } = container;
  const { resolvConf } = context.networks.files({
    mode: networkNames(container)[0] ?? "none",
    hostname: config.Hostname,
    domainname: config.Domainname,
    extraHosts: [],
    aliases: [],
    dns: hostConfig.Dns,
    dnsSearch: hostConfig.DnsSearch,
    dnsOptions: hostConfig.DnsOptions,
    endpoints,
    named: true,
  });
  // In place: the file is bound into the container.
  writeFileSync(containerPaths(context.home, id).resolvConf, resolvConf);
}
