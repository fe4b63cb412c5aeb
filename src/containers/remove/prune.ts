/** `POST /containers/prune`: removes all that do not run and match. */
import { type Filters, parseFilters } from "../../api/index.ts";
import { invalid } from "../errors.ts";
import { type Container, isRunning } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import { matchesLabel } from "../view/filters.ts";
import { removeNow } from "./remove.ts";

export async function prune(context: Context, query: URLSearchParams): Promise<Record<string, unknown>> {
  const filters = parseFilters(query, ["label", "label!", "until"]);
  const matches = createPruneFilter(filters, context.clock.nowMs());
  const ContainersDeleted: string[] = [];
  let SpaceReclaimed = 0;
  for (const container of [...context.store.all.values()]) {
    if (!isPrunable(container) || !matches(container)) continue;
    const done = await context.jobs.run({ t: "usage", path: containerPaths(context.home, container.id).upper });
    // It may have been started while it was being measured.
    if (!isPrunable(container) || !context.store.all.has(container.id)) continue;
    removeNow(context, container, { volumes: false });
    ContainersDeleted.push(container.id);
    SpaceReclaimed += Number(done["sizeBytes"] ?? 0);
  }
  context.events.publish({
    type: "container",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(SpaceReclaimed) },
  });
  return { ContainersDeleted: ContainersDeleted.length > 0 ? ContainersDeleted : null, SpaceReclaimed };
}

function isPrunable(container: Container): boolean {
  return !isRunning(container) && !container.starting && container.state.status !== "removing";
}

export function createPruneFilter(filters: Filters, nowMs: number): (container: Container) => boolean {
  const until = filters.get("until")?.map((value) => parseUntil(value, nowMs)) ?? [];
  const wanted = filters.get("label") ?? [];
  const unwanted = filters.get("label!") ?? [];
  if (until.length > 1) throw invalid("bad_filter", "more than one until filter specified");
  return ({ config, createdAtMs }) =>
    until.every((time) => createdAtMs < time) &&
    wanted.every((label) => matchesLabel(config.Labels, label)) &&
    !unwanted.some((label) => matchesLabel(config.Labels, label));
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time ago (`24h`, `1h30m`), seconds since the epoch, or a date. */
export function parseUntil(text: string, nowMs: number): number {
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    let ago = 0;
    for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
      ago += Number(amount) * (unitMs[unit ?? "s"] ?? 0);
    return nowMs - ago;
  }
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalid("bad_filter", `invalid filter 'until=${text}'`);
  return time;
}
