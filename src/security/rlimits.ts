/** `--ulimit` names and values to the plan's form. */
import type { Rlimit, RlimitName } from "../engines/index.ts";
import { badRlimit } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";

const names: readonly RlimitName[] = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

/** -1 is unlimited. Throws when the name is unknown, the soft limit above the hard one or one given twice. */
export function planRlimits(ulimits: readonly { name: string; soft: number; hard: number }[]): Rlimit[] {
  const seen = new Set<string>();
  return ulimits.map(({ name, soft, hard }) => {
    const resource = names.find((known) => known === name.toLowerCase().replace(/^rlimit_/, ""));
    if (!resource) throw badRlimit(name, `there is none of that name (did you mean ${nearestName(name, names)}?)`);
    if (seen.has(resource)) throw badRlimit(name, "it is given twice");
    seen.add(resource);
    if (![soft, hard].every((value) => Number.isSafeInteger(value) && value >= -1)) {
      throw badRlimit(name, "limits are whole numbers from 0, or -1 for unlimited");
    }
    const above = hard !== -1 && (soft === -1 || soft > hard);
    if (above) throw badRlimit(name, `the soft limit ${soft} is above the hard limit ${hard}`);
    return { resource, soft, hard };
  });
}
