/** What `stats --format` may say of a container. */
import type { Fields } from "../../../cli/format-list.ts";
import { binarySize, shortSize } from "../../../cli/sizes.ts";
import { figuresOf, type StatsJson } from "./figures.ts";

export const headings = {
  Container: "CONTAINER",
  ID: "CONTAINER ID",
  Name: "NAME",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET I/O",
  BlockIO: "BLOCK I/O",
  PIDs: "PIDS",
};
export const columns = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];

/** `asked` is the container as the user named it; without figures (it went away, or none came yet) there are dashes. */
export function statsRow(asked: string, stats: StatsJson | null, full: boolean): Fields {
  const dashes = { CPUPerc: "--", MemUsage: "-- / --", MemPerc: "--", NetIO: "--", BlockIO: "--", PIDs: "--" };
  if (!stats) return { Container: asked, ID: asked, Name: "--", ...dashes };
  const figures = figuresOf(stats);
  return {
    Container: asked,
    ID: full ? stats.id : stats.id.slice(0, 12),
    Name: stats.name.replace(/^\//, ""),
    CPUPerc: `${figures.cpuPercent.toFixed(2)}%`,
    MemUsage: `${binarySize(figures.memoryBytes)} / ${binarySize(figures.memoryLimitBytes)}`,
    MemPerc: `${figures.memoryPercent.toFixed(2)}%`,
    NetIO: `${shortSize(figures.receivedBytes)} / ${shortSize(figures.sentBytes)}`,
    BlockIO: `${shortSize(figures.readBytes)} / ${shortSize(figures.writtenBytes)}`,
    PIDs: String(figures.pids),
  };
}
