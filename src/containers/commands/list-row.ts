/** What `ps --format` may say of a container. */
import type { Fields } from "../../cli/format-list.ts";
import { goTime } from "../../cli/go-time.ts";
import { humanDuration } from "../../cli/relative-time.ts";
import { shortSize } from "../../cli/sizes.ts";
import { type PortSummary, portList } from "./port-list.ts";

export type Summary = {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Command: string;
  Created: number;
  State: string;
  Status: string;
  Ports: PortSummary[];
  Labels: Record<string, string> | null;
  SizeRw?: number;
  SizeRootFs?: number;
  NetworkSettings?: { Networks: Record<string, unknown> | null } | null;
  Mounts?: { Name?: string; Source: string; Driver?: string }[];
};

export const headings = {
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  Ports: "PORTS",
  State: "STATE",
  Status: "STATUS",
  Size: "SIZE",
  Names: "NAMES",
  Labels: "LABELS",
  Label: "",
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Networks: "NETWORKS",
};

/** `full`: nothing is shortened. Fields are worked out when they are asked for. */
export function listRow(summary: Summary, { full, nowSec }: { full: boolean; nowSec: number }): Fields {
  const { Labels: labels, Mounts: mounts = [] } = summary;
  const short = (text: string, length: number) => (full ? text : ellipsis(text, length));
  return {
    ID: full ? summary.Id : summary.Id.slice(0, 12),
    Names: summary.Names.map((name) => name.replace(/^\//, "")).join(","),
    get Image() {
      return imageName(summary, full);
    },
    get Command() {
      return JSON.stringify(short(summary.Command, 20));
    },
    get CreatedAt() {
      return goTime(summary.Created);
    },
    get RunningFor() {
      return `${humanDuration(nowSec - summary.Created)} ago`;
    },
    get Ports() {
      return portList(summary.Ports);
    },
    State: summary.State,
    Status: summary.Status,
    get Size() {
      const own = shortSize(summary.SizeRw ?? 0);
      return summary.SizeRootFs ? `${own} (virtual ${shortSize(summary.SizeRootFs)})` : own;
    },
    get Labels() {
      const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
      return entries.map(([key, value]) => `${key}=${value}`).join(",");
    },
    Label: (name: unknown) => labels?.[String(name)] ?? "",
    get Mounts() {
      return mounts.map(({ Name, Source }) => short(Name || Source, 15)).join(",");
    },
    get LocalVolumes() {
      return String(mounts.filter(({ Driver }) => Driver === "local").length);
    },
    get Networks() {
      return Object.keys(summary.NetworkSettings?.Networks ?? {}).join(",");
    },
  };
}

/** An image that was named by its id is shown by a short one. */
function imageName({ Image, ImageID }: Summary, full: boolean): string {
  if (Image === "") return "<no image>";
  const brief = (id: string) => id.replace(/^sha256:/, "").slice(0, 12);
  return !full && ImageID && brief(ImageID) === brief(Image) ? brief(Image) : Image;
}

function ellipsis(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join("")}…`;
}
