/** Published ports lead to the network by which the container has its way out: when that changes, they move. */
import type { Endpoint } from "../../engines/index.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { priorities } from "../run/network-mode.ts";
import { portsToPublish } from "../run/ports.ts";
import type { PortMap } from "../schema/host-config.ts";

export async function publishAgain(context: Context, container: Container, before: readonly Endpoint[]): Promise<void> {
  const wanted = portsToPublish(container);
  const { state, workload } = container;
  if (!wanted || !workload) return;
  const had = Object.keys(state.ports).length > 0;
  if (before.length > 0 && had) await context.networks.unpublish(container.id);
  const kept = withSamePorts(wanted, state.ports);
  state.ports = {};
  const { endpoints } = workload.record;
  if (endpoints.length > 0)
    state.ports = await context.networks.publish(container.id, endpoints, priorities(container), kept);
}

/** A port that was left to the engine stays the one that it chose. */
function withSamePorts(wanted: PortMap, actual: PortMap): PortMap {
  const entries = Object.entries(wanted).map(([port, bindings]) => {
    const before = actual[port] ?? [];
    const kept = bindings?.map((binding, n) => ({
      ...binding,
      HostPort: binding.HostPort || (before[n]?.HostPort ?? ""),
    }));
    return [port, kept ?? null];
  });
  return Object.fromEntries(entries);
}
