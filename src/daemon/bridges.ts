/** Small views of one feature for another, so that neither knows the other. */
import { type ContainerSummary, type Containers, parseCreateRequest, parseUpdate } from "../containers/index.ts";
import type { CommitSource, ImageUses } from "../images/index.ts";
import type { Attached } from "../network/index.ts";
import type { Objects } from "../sockets/index.ts";
import type { Volumes } from "../volumes/index.ts";

export function imageUses(summaries: () => readonly ContainerSummary[]): ImageUses {
  return {
    of: (imageId) =>
      summaries()
        .filter((container) => container.imageId === imageId)
        .map(({ id, running }) => ({ containerId: id, running })),
  };
}

export function attachedContainers(containers: Containers | null): Attached[] {
  return containers?.living() ?? [];
}

/** A container's configuration in the words of an image's: what is not set is left out. */
export async function commitSource(
  containers: Containers,
  container: string,
  options: { pause: boolean },
): Promise<CommitSource> {
  const source = await containers.commitSources.open(container, options);
  const config = Object.fromEntries(Object.entries(source.config).filter(([, value]) => value !== null));
  return Object.assign(source, { config: config as CommitSource["config"] });
}

/** What filtered sockets ask of containers and volumes. */
export function labelledObjects(containers: Containers, volumes: Volumes): Objects {
  const labelled = (labels: Readonly<Record<string, string>> | null) => (labels ? { labels } : null);
  return {
    container: (ref) => labelled(containers.labelsOf(ref)),
    execContainer: (id) => labelled(containers.labelsOfExec(id)),
    volume: (name) => volumes.find(name),
    containersWith: (label, value) => containers.countWith(label, value),
    volumesWith: (label, value) => volumes.list().filter(({ labels }) => labels[label] === value).length,
    parseCreate: parseCreateRequest,
    parseUpdate,
  };
}
