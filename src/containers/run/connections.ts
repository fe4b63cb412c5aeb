/** A container's networks: all are connected before its process runs, and let go when it has ended. */
import type { Claim, Endpoint } from "../../engines/index.ts";
import type { NamedContainer } from "../dependencies.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { networkNames, noSettings, priorities } from "./network-mode.ts";

/** The claimed endpoint and those of further networks. What was attached is let go again when one fails. */
export async function connectAll(context: Context, container: Container, claim: Claim): Promise<Endpoint[]> {
  const connected = claim.endpoint ? [claim.endpoint] : [];
  const [, ...others] = networkNames(container);
  if (others.length === 0 || !claim.endpoint) return connected;
  const { namespace } = claim;
  try {
    for (const name of others) {
      const settings = container.networking.EndpointsConfig[name] ?? noSettings;
      connected.push(await context.networks.attach(name, settings, namespace, connected));
    }
    await context.networks.route(connected, priorities(container), namespace);
    return connected;
  } catch (error) {
    releaseOthers(context, claim, connected);
    throw error;
  }
}

/** Those that do not belong to the claim, which lets go of its own. */
export function releaseOthers(context: Context, claim: Claim, connected: readonly Endpoint[]): void {
  for (const endpoint of connected) if (endpoint !== claim.endpoint) context.networks.release(endpoint);
}

export function named(container: Container, namespace: string): NamedContainer {
  const { id, name, config, hostConfig, networking } = container;
  const endpoints = Object.entries(networking.EndpointsConfig);
  return {
    containerId: id,
    containerName: name,
    hostname: config.Hostname,
    domainname: config.Domainname,
    namespace,
    dns: { servers: hostConfig.Dns, search: hostConfig.DnsSearch, options: hostConfig.DnsOptions },
    aliases: Object.fromEntries(endpoints.map(([network, { Aliases }]) => [network, Aliases])),
  };
}

/** Whether the container asks the name service. */
export function asksNames(context: Context, container: Container): boolean {
  return networkNames(container).some((name) => context.networks.hasNames(name));
}
