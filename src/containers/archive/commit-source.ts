/** What the images feature needs to make an image of a container. */
import { EngineError } from "../../base/errors.ts";
import { conflict, unsupportedOption } from "../errors.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import type { Config } from "../schema/config.ts";

export type CommitSource = AsyncDisposable & {
  id: string;
  imageId: string;
  config: Config;
  hostname: string;
  /** The overlay upper directory. */
  upper: string;
  /** Attributes of its events: image, name, labels. */
  attributes: Record<string, string>;
};

function refuseUnpaused(cause: unknown): never {
  if (!(cause instanceof EngineError) || cause.kind !== "unsupported") throw cause;
  throw unsupportedOption(
    "commit_without_pause",
    `Cannot hold the container still for the commit: ${cause.message}`,
    "commit it as it runs with --pause=false, or stop it first",
  );
}

/** A container held still while its changes become a layer. Disposing lets it go on. */
export async function openCommitSource(
  context: Context,
  ref: string,
  { pause }: { pause: boolean },
): Promise<CommitSource> {
  const container = context.store.find(ref);
  const { config, state, workload } = container;
  if (state.status === "removing" || state.status === "dead") {
    throw conflict("removing", `You cannot commit container ${container.id} which is Dead`);
  }
  // A pause of its own: a container that a person had paused stays so.
  const held = pause && workload !== null && state.status === "running";
  if (held) await workload.pause().catch(refuseUnpaused);
  let open = true;
  return {
    id: container.id,
    imageId: container.imageId,
    config,
    hostname: config.Hostname,
    upper: containerPaths(context.home, container.id).upper,
    attributes: { ...config.Labels, image: config.Image, name: container.name },
    async [Symbol.asyncDispose]() {
      if (!open) return;
      open = false;
      if (held && container.workload === workload) await workload.resume();
    },
  };
}
