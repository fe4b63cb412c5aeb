import { confirm } from "../../cli/confirm.ts";
import { encodeFilters } from "../../cli/filters.ts";
import { shortSize } from "../../cli/sizes.ts";
import { forceFlag, type Verb } from "../../cli/verb.ts";

type Pruned = { SpaceReclaimed?: number } & Record<string, unknown>;

export const systemPrune: Verb = {
  name: "system prune",
  summary: "Remove what is not used: stopped containers, dangling images, anonymous volumes when asked",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "All images that no container uses, not only dangling ones" },
    { name: "volumes", kind: "bool", summary: "Anonymous volumes too" },
    { name: "filter", kind: "list", summary: "Remove only what matches (label=…, until=…)" },
    forceFlag,
  ],
  async run(session, _args, flags) {
    const all = flags.bool("all");
    const what = [
      "all stopped containers",
      ...(flags.bool("volumes") ? ["all anonymous volumes not used by at least one container"] : []),
      all ? "all images without at least one container associated to them" : "all dangling images",
    ];
    const warning = `This will remove:\n${what.map((line) => `  - ${line}`).join("\n")}\n`;
    if (!flags.bool("force") && !(await confirm(session, warning))) return 0;
    const given = flags.list("filter");
    const steps: [path: string, filters: string[], title: string, key: string][] = [
      ["/containers/prune", given, "Deleted Containers:", "ContainersDeleted"],
      ...(flags.bool("volumes")
        ? [
            [
              "/volumes/prune",
              given.filter((text) => !text.startsWith("until=")),
              "Deleted Volumes:",
              "VolumesDeleted",
            ] as (typeof steps)[number],
          ]
        : []),
      ["/images/prune", [...given, `dangling=${all ? "false" : "true"}`], "Deleted Images:", "ImagesDeleted"],
    ];
    let freed = 0;
    for (const [path, filters, title, key] of steps) {
      const pruned = await session.client.json<Pruned>("POST", path, { query: { filters: encodeFilters(filters) } });
      freed += pruned.SpaceReclaimed ?? 0;
      const gone = (pruned[key] ?? []) as (string | { Untagged?: string; Deleted?: string })[];
      if (gone.length > 0) session.out.line(`${title}\n${gone.map(nameOf).join("\n")}\n`);
    }
    session.out.line(`Total reclaimed space: ${shortSize(freed)}`);
    return 0;
  },
};

function nameOf(gone: string | { Untagged?: string; Deleted?: string }): string {
  if (typeof gone === "string") return gone;
  return gone.Untagged === undefined ? `deleted: ${gone.Deleted}` : `untagged: ${gone.Untagged}`;
}
