/** What works differently from what the request may hope for; shown to the user by the client. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { isDefaultNetwork, networkNames, publishesPorts } from "../run/network-mode.ts";
import { resources } from "../run/resources.ts";
import type { CreateRequest } from "../schema/create-request.ts";

/** `asked` is the request before defaults were filled in. */
export function warnings({ engine, networks }: Context, asked: CreateRequest, container: Container): string[] {
  const { hostConfig } = container;
  const out = engine.warnings(resources(hostConfig), {
    privileged: hostConfig.Privileged,
    capAdd: hostConfig.CapAdd ?? [],
  });
  const { without } = networks.default;
  if (isDefaultNetwork(asked.hostConfig) && without !== null)
    out.push(`The container has no network: ${without}. Say --network none, or --network host for the host's.`);
  const { NetworkMode } = hostConfig;
  if ((NetworkMode === "host" || NetworkMode === "none") && publishesPorts(hostConfig)) {
    out.push(`Published ports are discarded when using ${NetworkMode} network mode`);
  }
  const names = networkNames(container);
  const mayPublish =
    NetworkMode === "host" || NetworkMode === "none" || names.some((name) => networks.canPublish(name));
  if (names.length > 0 && !mayPublish && publishesPorts(hostConfig))
    out.push(`Published ports are discarded: nothing can get in to ${names.join(", ")} from outside`);
  for (const name of asked.unknown)
    out.push(`The request's field ${name} means nothing to this engine and was left alone`);
  return out;
}
