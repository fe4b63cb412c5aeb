/** `POST /networks/{id}/disconnect`. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Endpoint } from "../../engines/index.ts";
import { invalid, notConnected } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import { parseNetworkMode, priorities } from "../run/network-mode.ts";
import { publishAgain } from "./publish-again.ts";

/** `force`: though the network does not exist any more. */
export async function disconnect(context: Context, container: Container, ref: string, force: boolean): Promise<void> {
  const { EndpointsConfig } = container.networking;
  const name = force && Object.hasOwn(EndpointsConfig, ref) ? ref : context.networks.nameOf(ref);
  if (parseNetworkMode(container.hostConfig.NetworkMode).kind === "host")
    throw invalid("host_network", "container cannot be disconnected from host network or connected to host network");
  if (!Object.hasOwn(EndpointsConfig, name)) throw notConnected(container.name, name);
  if (container.starting) await container.starting.catch(() => undefined);
  const { workload } = container;
  const endpoint = workload?.record.endpoints.find(({ network }) => network === name);
  if (workload && endpoint) {
    const { record, namespace } = workload;
    await context.networks.detach(endpoint, namespace);
    const before = record.endpoints;
    record.endpoints = before.filter((one) => one !== endpoint);
    context.networks.withdraw(container.id, [endpoint]);
    if (container.workload === workload) {
      await context.networks.route(record.endpoints, priorities(container), namespace);
      await publishAgain(context, container, before);
      forgetHosts(context, container, endpoint);
    }
  }
  delete EndpointsConfig[name];
  context.store.saveWhole(container);
}

/** Only the lines of these addresses: the file may have been changed inside. */
function forgetHosts(context: Context, container: Container, { address, address6 }: Endpoint): void {
  const path = containerPaths(context.home, container.id).hosts;
  const gone = new Set([address, address6]);
  const lines = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, lines.filter((line) => !gone.has(line.split(/\s/)[0] || "#")).join("\n"));
}
