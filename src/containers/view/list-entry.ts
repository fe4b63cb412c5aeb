/** One container in `GET /containers/json`. */
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { inspectMount, type Sizes } from "./inspect.ts";
import { endpoints, portMap } from "./network-settings.ts";
import { statusText } from "./status-text.ts";

export type ListedPort = { IP?: string; PrivatePort: number; PublicPort?: number; Type: string };

export function listEntry(context: Context, container: Container, sizes: Sizes | null): Record<string, unknown> {
  const { config, hostConfig, state } = container;
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: config.Image,
    ImageID: container.imageId,
    Command: commandText(container),
    Created: Math.floor(container.createdAtMs / 1000),
    Ports: listedPorts(container),
    ...(sizes ? { SizeRw: sizes.sizeRw, SizeRootFs: sizes.sizeRootFs } : {}),
    Labels: config.Labels,
    State: state.status,
    Status: statusText(state, context.clock.nowMs()),
    HostConfig: { NetworkMode: hostConfig.NetworkMode },
    NetworkSettings: { Networks: endpoints(context, container) },
    Mounts: container.mounts.filter((point) => point.type !== "tmpfs").map(inspectMount),
  };
}

/** Words with blanks are quoted, as Docker does since its words were first joined. */
function commandText({ config }: Container): string {
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return words.map((word, index) => (index > 0 && word.includes(" ") ? `'${word}'` : word)).join(" ");
}

export function listedPorts(container: Container): ListedPort[] {
  const ports = portMap(container);
  return Object.entries(ports).flatMap(([port, bindings]) => {
    const [number = "0", Type = "tcp"] = port.split("/");
    const PrivatePort = Number(number);
    if (!bindings) return [{ PrivatePort, Type }];
    return bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, PrivatePort, PublicPort: Number(HostPort), Type }));
  });
}
