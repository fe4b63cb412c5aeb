/** Creates a container: everything that can be wrong is found out before anything is made. */
import { createContainerId } from "../../base/ids.ts";
import { invalid, noPorts } from "../errors.ts";
import { type Container, createContainer, createState } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { generateName, parseName } from "../names/name.ts";
import { discard } from "../remove/discard.ts";
import {
  isDefaultNetwork,
  parseNetworkMode,
  planEndpoints,
  publishesPorts,
  verifyNetworking,
} from "../run/network-mode.ts";
import type { CreateRequest } from "../schema/create-request.ts";
import { inheritImage } from "./inherit.ts";
import { hasMounts, resolveMounts } from "./mount-points.ts";
import { verifyConfig, verifyHostConfig } from "./verify.ts";

type Options = { name: string | null; platform: string | undefined };

export async function create(context: Context, asked: CreateRequest, { name, platform }: Options): Promise<Container> {
  const { store } = context;
  const request = withDefaultNetwork(asked, context);
  const given = name === null || name === "" ? null : parseName(name);
  verifyHostConfig(request.hostConfig, context.defaults);
  verifyNetworking(context, request);
  const networking = { EndpointsConfig: planEndpoints(context, request) };
  // Awaiting what is there already would cost a turn of the loop.
  const resolving = context.images.resolve(request.config.Image, platform);
  const image = resolving instanceof Promise ? await resolving : resolving;
  const id = createContainerId();
  const config = inheritImage(request.config, image.config);
  verifyConfig(config);
  if (!config.Hostname && parseNetworkMode(request.hostConfig.NetworkMode).kind !== "host")
    config.Hostname = id.slice(0, 12);
  if ((config.Entrypoint ?? []).length + (config.Cmd ?? []).length === 0) {
    throw invalid("no_command", "no command specified", "give a command after the image's name");
  }
  const container = createContainer({
    id,
    name: given ?? generateName((candidate) => store.byName(candidate) !== undefined),
    createdAtMs: context.clock.nowMs(),
    imageId: image.id,
    config,
    hostConfig: withDefaults(request.hostConfig, context),
    networking,
    mounts: [],
    state: createState(),
  });
  store.add(container);
  try {
    context.images.hold(image.id, id);
    context.ready.take(id);
    if (hasMounts(config, container.hostConfig)) {
      const points = await resolveMounts(context, {
        config,
        host: container.hostConfig,
        layers: image.layers,
        containerId: id,
      });
      container.mounts.push(...points);
    }
    // A container that removes itself is nearly always started at once, and the start writes the row.
    if (container.hostConfig.AutoRemove) store.saveSoon(container);
    else store.save(container);
  } catch (error) {
    discard(context, container);
    throw error;
  }
  publish(context, container, "create");
  return container;
}

function withDefaultNetwork(request: CreateRequest, { networks }: Context): CreateRequest {
  const { hostConfig: host } = request;
  if (!isDefaultNetwork(host)) return request;
  if (networks.default.without !== null && publishesPorts(host)) throw noPorts(networks.default.without);
  return { ...request, hostConfig: { ...host, NetworkMode: networks.default.mode } };
}

function withDefaults(host: CreateRequest["hostConfig"], { defaults }: Context): CreateRequest["hostConfig"] {
  return {
    ...host,
    RestartPolicy: { ...host.RestartPolicy, Name: host.RestartPolicy.Name || "no" },
    LogConfig: { ...host.LogConfig, Type: host.LogConfig.Type || "json-file" },
    ShmSize: host.ShmSize || defaults.shmSizeBytes,
    IpcMode: host.IpcMode || "private",
    CgroupnsMode: host.CgroupnsMode || (host.Privileged ? "host" : "private"),
    Runtime: host.Runtime || "native",
  };
}
