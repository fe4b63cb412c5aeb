/** Help is derived from the verbs; nothing here is on the way of a command that works. */
import { Failure } from "./failure.ts";
import { findVerb, groups, verbNames, verbSummaries } from "./find-verb.ts";
import { nearest } from "./nearest.ts";
import type { Output } from "./output.ts";
import type { Flag, Verb } from "./verb.ts";

export function printVerbHelp(verb: Verb, out: Output): number {
  out.line(`Usage:  hbx ${verb.name} ${verb.usage}\n\n${verb.summary}`);
  const shown = verb.flags.filter((flag) => !flag.hidden && !flag.refused);
  if (shown.length > 0) out.line("\nOptions:");
  const left = shown.map((flag) => `  ${flag.short ? `-${flag.short}, ` : "    "}--${flag.name}${placeholder(flag)}`);
  const width = Math.max(0, ...left.map((text) => text.length)) + 3;
  shown.forEach((flag, index) => {
    const preset = flag.default === undefined || flag.default === "false" ? "" : ` (default ${flag.default})`;
    out.line((left[index] ?? "").padEnd(width) + flag.summary + preset);
  });
  if (verb.examples?.length) out.line(`\nExamples:\n${verb.examples.map((example) => `  ${example}`).join("\n")}`);
  return 0;
}

function placeholder(flag: Flag): string {
  if (flag.kind === "bool") return "";
  return ` ${flag.placeholder ?? (flag.choices ? flag.choices.join("|") : flag.kind)}`;
}

export function wrongArguments(verb: Verb, got: number): Failure {
  const { min, max } = verb.args;
  const many = (count: number) => `${count} argument${count === 1 ? "" : "s"}`;
  const wanted = min === max ? `exactly ${many(min)}` : got < min ? `at least ${many(min)}` : `at most ${many(max)}`;
  return new Failure(`"hbx ${verb.name}" requires ${max === 0 ? "no arguments" : wanted}.`, {
    hint: `Usage: hbx ${verb.name} ${verb.usage}; see "hbx ${verb.name} --help"`,
  });
}

/** Nothing was named, or something we do not know. */
export async function answerWithoutVerb(argv: string[], out: Output, err: Output): Promise<number> {
  const [word = "--help", ...rest] = argv;
  if (word === "--version" || word === "-v") {
    out.line(`hbx ${(await import("../../package.json")).version}`);
    return 0;
  }
  if (word === "help" && rest.length > 0) {
    const found = findVerb(rest);
    return found ? printVerbHelp(await found.load(), out) : await answerWithoutVerb(rest, out, err);
  }
  if (word === "--help" || word === "-h" || word === "help") return printOverview(out, "");
  if (groups.includes(word)) {
    const second = rest[0];
    if (second === undefined || second === "--help" || second === "-h") return printOverview(out, `${word} `);
    throw unknown(`${word} ${second}`);
  }
  throw unknown(word);
}

function unknown(name: string): Failure {
  const close = nearest(name, verbNames);
  return new Failure(`unknown command: hbx ${name}`, {
    hint: close ? `Did you mean "hbx ${close}"?` : "hbx --help lists the commands",
  });
}

function printOverview(out: Output, prefix: string): number {
  out.line(`Usage:  hbx ${prefix === "" ? "[-H unix://SOCKET] " : prefix}COMMAND\n\nCommands:`);
  for (const [name, summary] of verbSummaries) {
    if (prefix === "" ? name.includes(" ") : !name.startsWith(prefix)) continue;
    out.line(`  ${name.slice(prefix.length).padEnd(12)}${summary}`);
  }
  if (prefix === "") out.line(`\nGroups: ${groups.join(", ")}\n\n"hbx COMMAND --help" says more about a command.`);
  return 0;
}
