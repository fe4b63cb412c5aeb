/** GET /images/{name}/json. */
import type { ApiRequest } from "../../api/index.ts";
import type { Images } from "../images.ts";
import type { Image } from "../store/image-store.ts";
import { refuseManifests, requirePlatform } from "./asked-platform.ts";
import { repoNames } from "./list.ts";

export function handleInspect(images: Images, request: ApiRequest): void {
  const image = images.store.find(request.params.name ?? "");
  refuseManifests(request.query);
  requirePlatform(image, request.query.getAll("platform"));
  const body = inspectImage(images, image);
  request.sendJson(200, request.version[1] < 44 ? { ...body, VirtualSize: body.Size } : body);
}

export function inspectImage(images: Images, image: Image) {
  const { file } = image;
  const { config } = file;
  return {
    Id: image.id,
    ...repoNames(image.references),
    Parent: image.parent ?? "",
    Comment: file.comment || (file.history.at(-1)?.comment ?? ""),
    ...(file.created === null ? {} : { Created: file.created }),
    DockerVersion: file.dockerVersion,
    Author: file.author,
    Config: {
      ...config,
      User: config.User ?? "",
      Env: config.Env ?? null,
      Cmd: config.Cmd ?? null,
      WorkingDir: config.WorkingDir ?? "",
      Entrypoint: config.Entrypoint ?? null,
      Volumes: config.Volumes ?? null,
      OnBuild: config.OnBuild ?? null,
      Labels: config.Labels ?? null,
    },
    Architecture: file.architecture,
    ...(file.variant === "" ? {} : { Variant: file.variant }),
    Os: file.os,
    ...(file.osVersion === "" ? {} : { OsVersion: file.osVersion }),
    Size: image.sizeBytes,
    GraphDriver: graphDriver(images, image),
    RootFS: { Type: "layers", Layers: file.diffIds },
    Metadata: {
      LastTagTime: image.taggedMs === null ? "0001-01-01T00:00:00Z" : new Date(image.taggedMs).toISOString(),
    },
  };
}

function graphDriver({ store }: Images, image: Image): { Name: string; Data: Record<string, string> } {
  const { name, describe } = store.snapshotter;
  return { Name: name, Data: describe(store.layersOf(image)) };
}
