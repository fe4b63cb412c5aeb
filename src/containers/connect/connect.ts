/** `POST /networks/{id}/connect`: to a container that does not run for its next start, to one that runs at once. */
import { appendFileSync } from "node:fs";
import type { Endpoint } from "../../engines/index.ts";
import { alreadyConnected, conflict, invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import { asksNames, named } from "../run/connections.ts";
import { networkNames, parseNetworkMode, priorities } from "../run/network-mode.ts";
import { parseFields } from "../schema/fields.ts";
import { endpointFields } from "../schema/networking.ts";
import { rewriteResolvConf } from "./guest-files.ts";
import { publishAgain } from "./publish-again.ts";

export async function connect(context: Context, container: Container, ref: string, given: unknown): Promise<void> {
  const settings = parseFields(endpointFields, given, "EndpointConfig");
  if (parseNetworkMode(container.hostConfig.NetworkMode).kind === "container")
    throw invalid(
      "shared_network",
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  const name = context.networks.planConnect(ref, settings, networkNames(container));
  const { EndpointsConfig } = container.networking;
  if (Object.hasOwn(EndpointsConfig, name)) throw alreadyConnected(container.name, name);
  if (container.starting) await container.starting.catch(() => undefined);
  const { workload } = container;
  EndpointsConfig[name] = settings;
  let endpoint: Endpoint | null = null;
  try {
    if (workload) {
      const { record, namespace } = workload;
      const namedBefore = record.endpoints.some(({ network }) => context.networks.hasNames(network));
      endpoint = await context.networks.attach(name, settings, namespace, record.endpoints);
      if (container.workload !== workload) throw ended(container);
      const connected = [...record.endpoints, endpoint];
      await context.networks.route(connected, priorities(container), namespace);
      const before = record.endpoints;
      record.endpoints = connected;
      await publishAgain(context, container, before);
      await context.networks.announce(named(container, namespace), [endpoint]);
      writeHosts(context, container, endpoint);
      if (!namedBefore && asksNames(context, container)) rewriteResolvConf(context, container, record.endpoints);
    }
  } catch (error) {
    delete EndpointsConfig[name];
    if (workload && endpoint) {
      workload.record.endpoints = workload.record.endpoints.filter((one) => one !== endpoint);
      await context.networks.detach(endpoint, workload.namespace).catch(() => undefined);
      context.networks.release(endpoint);
    }
    throw error;
  }
  context.store.saveWhole(container);
}

function writeHosts(context: Context, container: Container, { address, address6 }: Endpoint): void {
  const { Hostname, Domainname } = container.config;
  const names = [...(Domainname === "" ? [] : [`${Hostname}.${Domainname}`]), Hostname, container.name].join(" ");
  const lines = [address, address6].filter((text) => text !== "").map((text) => `${text}\t${names}\n`);
  // In place: the file is bound into the container, and may have been changed there.
  appendFileSync(containerPaths(context.home, container.id).hosts, lines.join(""));
}

const ended = ({ name }: Container) =>
  conflict("ended", `Cannot connect container ${name}: it ended meanwhile`, "start it, and it will be connected");
