/** From what was typed to the verb, and the names of all. */
import type { Verb } from "./verb.ts";
import { entries, hidden } from "./verbs.ts";

export type Found = { load: () => Promise<Verb>; args: string[] };

export function findVerb(argv: readonly string[]): Found | undefined {
  const two = argv.length > 1 ? `${argv[0]} ${argv[1]}` : undefined;
  for (const [name, , load, aliases] of [...entries, hidden]) {
    if (two !== undefined && (name === two || aliases?.includes(two))) return { load, args: argv.slice(2) };
    if (name === argv[0]) return { load, args: argv.slice(1) };
  }
  return undefined;
}

export const verbSummaries: readonly (readonly [string, string])[] = entries.flatMap(
  ([name, summary, , aliases = []]) => [[name, summary] as const, ...aliases.map((alias) => [alias, summary] as const)],
);
export const verbNames: readonly string[] = verbSummaries.map(([name]) => name);
export const groups: readonly string[] = [
  ...new Set(verbNames.filter((name) => name.includes(" ")).map((name) => name.split(" ")[0] ?? "")),
];
