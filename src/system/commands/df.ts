import { type Fields, printList } from "../../cli/format-list.ts";
import { shortSize } from "../../cli/sizes.ts";
import { formatFlag, type Verb } from "../../cli/verb.ts";

type Usage = {
  LayersSize: number;
  Images: { Size: number; SharedSize: number; Containers: number }[] | null;
  Containers: { SizeRw?: number; State: string }[] | null;
  Volumes: { UsageData: { RefCount: number; Size: number } }[] | null;
  BuildCache: { Size: number; InUse: boolean; Shared: boolean }[] | null;
};

const headings = { Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE" };

export const systemDf: Verb = {
  name: "system df",
  summary: "Show what uses the disk",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    formatFlag,
    {
      name: "verbose",
      short: "v",
      kind: "bool",
      summary: "",
      refused: "`hbx images`, `hbx ps -s` and `hbx volume ls` show each object",
    },
  ],
  async run(session, _args, flags) {
    const usage = await session.client.json<Usage>("GET", "/system/df");
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
        usedImages.length === 0 ? usage.LayersSize : Math.max(0, usage.LayersSize - used),
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
