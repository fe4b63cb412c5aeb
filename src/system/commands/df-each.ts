/** `system df -v`: every image, container and volume with what it takes. */
import { shortSize } from "../../cli/sizes.ts";
import { renderTable } from "../../cli/table.ts";
import type { UsedContainer, UsedImage, UsedVolume } from "./df.ts";

export function eachOf(
  images: readonly UsedImage[],
  containers: readonly UsedContainer[],
  volumes: readonly UsedVolume[],
): string {
  const parts = [
    "Images space usage:\n\n",
    renderTable([
      ["REPOSITORY:TAG", "IMAGE ID", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS"],
      ...images.map(({ Id, RepoTags, Size, SharedSize, Containers }) => [
        RepoTags?.[0] ?? "<none>",
        Id.slice(7, 19),
        shortSize(Size),
        shortSize(SharedSize),
        shortSize(Size - SharedSize),
        String(Containers),
      ]),
    ]),
    "\nContainers space usage:\n\n",
    renderTable([
      ["CONTAINER ID", "IMAGE", "SIZE", "STATUS", "NAMES"],
      ...containers.map(({ Id, Image, SizeRw, Status, Names }) => [
        Id.slice(0, 12),
        Image,
        shortSize(SizeRw ?? 0),
        Status,
        Names.map((name) => name.replace(/^\//, "")).join(","),
      ]),
    ]),
    "\nLocal Volumes space usage:\n\n",
    renderTable([
      ["VOLUME NAME", "LINKS", "SIZE"],
      ...volumes.map(({ Name, UsageData }) => [Name, String(UsageData.RefCount), shortSize(UsageData.Size)]),
    ]),
  ];
  return parts.join("");
}
