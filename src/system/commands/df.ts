import { type Fields, printList } from "../../cli/format-list.ts";
import { shortSize } from "../../cli/sizes.ts";
import { formatFlag, type Verb } from "../../cli/verb.ts";
import { eachOf } from "./df-each.ts";

export type UsedImage = { Id: string; RepoTags: string[] | null; Size: number; SharedSize: number; Containers: number };
export type UsedContainer = {
  Id: string;
  Names: string[];
  Image: string;
  Status: string;
  SizeRw?: number;
  State: string;
};
export type UsedVolume = { Name: string; UsageData: { RefCount: number; Size: number } };

type Usage = {
  LayersSize: number;
  /** Of our own daemon. */
  ImagesReclaimable?: number;
  Images: UsedImage[] | null;
  Containers: UsedContainer[] | null;
  Volumes: UsedVolume[] | null;
  BuildCache: { Size: number; InUse: boolean; Shared: boolean }[] | null;
};

const headings = { Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE" };

export const systemDf: Verb = {
  name: "system df",
  summary: "Show what uses the disk",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [formatFlag, { name: "verbose", short: "v", kind: "bool", summary: "Show each image, container and volume" }],
  async run(session, _args, flags) {
    const usage = await session.client.json<Usage>("GET", "/system/df");
    if (flags.bool("verbose")) {
      session.out.write(eachOf(usage.Images ?? [], usage.Containers ?? [], usage.Volumes ?? []));
      return 0;
    }
    const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + Math.max(0, size), 0);
    const images = usage.Images ?? [];
    const usedImages = images.filter(({ Containers }) => Containers > 0);
    const used = sum(usedImages.map(({ Size, SharedSize }) => Size - Math.max(0, SharedSize)));
    const containers = usage.Containers ?? [];
    const alive = containers.filter(({ State }) => ["running", "paused", "restarting"].includes(State));
    const volumes = usage.Volumes ?? [];
    const held = volumes.filter(({ UsageData }) => UsageData.RefCount > 0);
    const sizes = {
      containers: sum(containers.map(({ SizeRw }) => SizeRw ?? 0)),
      volumes: sum(volumes.map(({ UsageData }) => UsageData.Size)),
    };
    const cache = usage.BuildCache ?? [];
    const cacheSize = sum(cache.map(({ Size }) => Size));
    const rows = [
      row(
        "Images",
        images.length,
        usedImages.length,
        usage.LayersSize,
        usage.ImagesReclaimable ?? (usedImages.length === 0 ? usage.LayersSize : Math.max(0, usage.LayersSize - used)),
      ),
      row(
        "Containers",
        containers.length,
        alive.length,
        sizes.containers,
        sizes.containers - sum(alive.map(({ SizeRw }) => SizeRw ?? 0)),
      ),
      row(
        "Local Volumes",
        volumes.length,
        held.length,
        sizes.volumes,
        sizes.volumes - sum(held.map(({ UsageData }) => UsageData.Size)),
      ),
      row("Build Cache", cache.length, cache.filter(({ InUse }) => InUse).length, cacheSize, cacheSize),
    ];
    printList(session, flags, { rows, headings, columns: Object.keys(headings) });
    return 0;
  },
};

function row(type: string, total: number, active: number, size: number, reclaimable: number): Fields {
  const share = size > 0 ? ` (${Math.floor((reclaimable / size) * 100)}%)` : "";
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: shortSize(size),
    Reclaimable: `${shortSize(reclaimable)}${share}`,
  };
}
