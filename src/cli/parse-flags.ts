/** Splits arguments into flags and positionals as pflag does: `-it`, `-eK=V`, `--name value`, `--name=value`, `--`. */
import { Failure } from "./failure.ts";
import { FlagValues } from "./flag-values.ts";
import { nearest } from "./nearest.ts";
import type { Flag } from "./verb.ts";

export type Parsed = { values: FlagValues; args: string[]; help: boolean };

export function parseFlags(flags: readonly Flag[], argv: readonly string[], interspersed = true): Parsed {
  const byName = new Map<string, Flag>();
  const byShort = new Map<string, Flag>();
  const defaults = new Map<string, string>();
  for (const flag of flags) {
    byName.set(flag.name, flag);
    if (flag.short) byShort.set(flag.short, flag);
    if (flag.default !== undefined) defaults.set(flag.name, flag.default);
  }
  const given = new Map<string, string[]>();
  const args: string[] = [];
  let help = false;
  let at = 0;

  const next = (shown: string): string => {
    const value = argv[at++];
    if (value === undefined) throw misuse(`flag needs an argument: ${shown}`);
    return value;
  };
  const long = (word: string) => {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const flag = byName.get(name);
    if (!flag) {
      if (name === "help") help = true;
      else throw unknownFlag(`--${name}`, name, byName);
      return;
    }
    record(given, flag, equals >= 0 ? word.slice(equals + 1) : flag.kind === "bool" ? "true" : next(`--${name}`));
  };
  const shorts = (word: string) => {
    for (let i = 1; i < word.length; i++) {
      const letter = word.charAt(i);
      const flag = byShort.get(letter);
      if (!flag) {
        if (letter === "h") help = true;
        else throw misuse(`unknown shorthand flag: '${letter}' in ${word}`);
        continue;
      }
      const rest = word.slice(i + 1);
      if (rest.startsWith("=")) return record(given, flag, rest.slice(1));
      if (flag.kind === "bool") record(given, flag, "true");
      else return record(given, flag, rest === "" ? next(`'${letter}' in ${word}`) : rest);
    }
  };

  while (at < argv.length) {
    const word = argv[at++] ?? "";
    if (word === "--") {
      args.push(...argv.slice(at));
      break;
    }
    if (word.startsWith("--")) long(word);
    else if (word.startsWith("-") && word.length > 1) shorts(word);
    else {
      args.push(word);
      if (interspersed) continue;
      args.push(...argv.slice(at));
      break;
    }
  }
  return { values: new FlagValues(given, defaults), args, help };
}

function record(given: Map<string, string[]>, flag: Flag, text: string): void {
  const value = flag.kind === "bool" ? parseBool(flag, text) : text;
  if (flag.refused && value !== "false") throw misuse(`Cannot use --${flag.name}: ${flag.refused}`);
  if (flag.choices && !flag.choices.includes(value)) {
    throw misuse(`invalid argument "${value}" for "--${flag.name}": must be one of ${flag.choices.join(", ")}`);
  }
  const earlier = given.get(flag.name);
  if (earlier && flag.kind === "list") earlier.push(value);
  else given.set(flag.name, [value]);
}

function parseBool(flag: Flag, text: string): string {
  if (/^(1|t|true)$/i.test(text)) return "true";
  if (/^(0|f|false)$/i.test(text)) return "false";
  throw misuse(`invalid argument "${text}" for "--${flag.name}": must be true or false`);
}

function unknownFlag(shown: string, name: string, known: Map<string, Flag>): Failure {
  const close = nearest(
    name,
    [...known.values()].filter((flag) => !flag.hidden).map((flag) => flag.name),
  );
  return misuse(`unknown flag: ${shown}`, close && `Did you mean --${close}?`);
}

/** Wrong flags end every verb with 125. */
function misuse(message: string, hint?: string): Failure {
  return new Failure(message, { hint, exitCode: 125 });
}
