/** Changes limits and the restart policy, live where it runs. */
import { verifyResources } from "../create/verify-resources.ts";
import { conflict, invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { resources } from "../run/resources.ts";
import type { Update } from "../schema/parse-update.ts";

const live = new Set<string>(
  "CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems MemoryReservation MemorySwap PidsLimit RestartPolicy".split(
    " ",
  ),
);

export async function update(context: Context, container: Container, change: Update): Promise<void> {
  if (container.state.status === "removing" || container.state.status === "dead") {
    throw conflict(
      "removing",
      `Cannot update container ${container.id}: Container is marked for removal and cannot be "update".`,
    );
  }
  for (const key of Object.keys(change)) {
    if (!live.has(key))
      throw invalid("not_updatable", `Cannot update ${key} of container ${container.name}: it is fixed at create`);
  }
  const { hostConfig } = container;
  const policy = change.RestartPolicy;
  if (policy && hostConfig.AutoRemove && policy.Name !== "no") {
    throw invalid(
      "bad_restart_policy",
      `Restart policy cannot be updated because AutoRemove is enabled for the container`,
    );
  }
  const next = { ...hostConfig, ...change };
  if (change.Memory && !change.MemorySwap && hostConfig.MemorySwap > 0 && change.Memory > hostConfig.MemorySwap) {
    throw invalid(
      "bad_memory",
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
  verifyResources(next);
  const limits = Object.keys(change).filter((key) => key !== "RestartPolicy");
  if (limits.length > 0 && container.workload) await container.workload.update(resources(next));
  Object.assign(hostConfig, change);
  context.store.saveWhole(container);
  publish(context, container, "update");
}
