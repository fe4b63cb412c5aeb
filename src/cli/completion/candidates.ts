/** What could stand at the last of the words: verbs, flags, their values, or names of objects. */

import { findVerb, verbSummaries } from "../find-verb.ts";
import type { Flag, Verb } from "../verb.ts";

export type Candidate = { text: string; summary?: string };
export type ObjectKind = "container" | "running" | "stopped" | "image" | "volume" | "network";
/** Names of objects, from a daemon that runs: completing starts none. */
export type Names = (kind: ObjectKind) => Promise<string[]>;

export const files: Candidate = { text: ":files" };

export async function candidates(words: readonly string[], names: Names): Promise<Candidate[]> {
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const matching = (all: readonly Candidate[]) =>
    all.filter(({ text }) => text.startsWith(last) || text === files.text);
  const found = before.length > 0 ? findVerb(before) : undefined;
  if (!found) return matching(verbCandidates(before[0]));
  const verb = await found.load();
  const { open, positionals, ended } = walk(verb, found.args);
  if (open) return matching(await flagValues(open, names));
  if (last.startsWith("-") && !ended) return matching(flagCandidates(verb));
  return matching(await argumentsOf(verb, positionals, last, names));
}

/** Of a group its verbs; otherwise single words and the groups. */
function verbCandidates(group: string | undefined): Candidate[] {
  const all = verbSummaries.filter(([name]) => (group === undefined ? true : name.startsWith(`${group} `)));
  const texts = new Map<string, Candidate>();
  for (const [name, summary] of all) {
    const [first = "", second] = name.split(" ");
    if (group !== undefined) texts.set(second ?? "", { text: second ?? "", summary });
    else if (second === undefined) texts.set(first, { text: first, summary });
    else if (!texts.has(first)) texts.set(first, { text: first, summary: `Commands for ${first}` });
  }
  return [...texts.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

type Walked = { open: Flag | undefined; positionals: number; ended: boolean };

/** Which flag still waits for its value, and how many positionals are there already. */
function walk(verb: Verb, args: readonly string[]): Walked {
  let open: Flag | undefined;
  let positionals = 0;
  let ended = false;
  for (const word of args) {
    if (open) {
      open = undefined;
      continue;
    }
    if (ended || !word.startsWith("-") || word === "-") {
      positionals += 1;
      if (verb.interspersed === false) ended = true;
    } else if (word === "--") ended = true;
    else open = waiting(verb, word);
  }
  return { open, positionals, ended };
}

function waiting(verb: Verb, word: string): Flag | undefined {
  const wants = (flag: Flag | undefined) => (flag && flag.kind !== "bool" ? flag : undefined);
  if (word.startsWith("--")) {
    return word.includes("=") ? undefined : wants(verb.flags.find(({ name }) => name === word.slice(2)));
  }
  // Only the last letter of joined ones can still wait: `-it`, but `-eA=1` has its value.
  const byLetter = (letter: string) => wants(verb.flags.find(({ short }) => short === letter));
  const letters = [...word.slice(1)];
  const at = letters.findIndex((letter) => byLetter(letter) !== undefined);
  return at === letters.length - 1 ? byLetter(letters[at] ?? "") : undefined;
}

function flagCandidates(verb: Verb): Candidate[] {
  const shown = verb.flags.filter((flag) => !flag.hidden && !flag.refused);
  return [
    ...shown.map(({ name, summary }) => ({ text: `--${name}`, summary })),
    { text: "--help", summary: "Show help" },
  ];
}

const valueKinds: Readonly<Record<string, ObjectKind>> = {
  network: "network",
  net: "network",
  "volumes-from": "container",
};
const fileFlags = new Set("env-file label-file cidfile input output busybox".split(" "));

async function flagValues(flag: Flag, names: Names): Promise<Candidate[]> {
  if (flag.choices) return flag.choices.map((text) => ({ text }));
  const kind = valueKinds[flag.name];
  if (kind) return (await names(kind)).map((text) => ({ text }));
  return fileFlags.has(flag.name) ? [files] : [];
}

/** Which containers make sense for a verb. */
const states: Readonly<Record<string, ObjectKind>> = {
  start: "stopped",
  stop: "running",
  kill: "running",
  pause: "running",
  attach: "running",
  exec: "running",
  top: "running",
  stats: "running",
};

async function argumentsOf(verb: Verb, positionals: number, last: string, names: Names): Promise<Candidate[]> {
  const slots = verb.usage
    .replace(/\n.*/s, "")
    .split(" ")
    .filter((word) => !/^\[?OPTIONS\]?$/.test(word));
  const slot = slots[Math.min(positionals, slots.length - 1)] ?? "";
  if (positionals >= slots.length && !slot.includes("...")) return [];
  const list = async (kind: ObjectKind, suffix = "") => (await names(kind)).map((text) => ({ text: text + suffix }));
  if (verb.name === "cp") {
    const places = await list("container", ":");
    return places.some(({ text }) => last !== "" && text.startsWith(last)) || last === ""
      ? [...places, files]
      : [files];
  }
  if (verb.name === "completion") return ["bash", "zsh", "fish"].map((text) => ({ text }));
  if (/CONTAINER/.test(slot)) return await list(states[verb.name] ?? "container");
  if (/IMAGE|REPOSITORY/.test(slot)) return await list("image");
  if (/VOLUME/.test(slot)) return await list("volume");
  if (/NETWORK/.test(slot)) return await list("network");
  if (/^NAME/.test(slot))
    return (await Promise.all((["container", "image", "volume", "network"] as const).map((kind) => list(kind)))).flat();
  return /FILE/.test(slot) ? [files] : [];
}
