/** What a command-line verb is: one declarative object, from which parsing, help and completion are derived. */
import type { FlagValues } from "./flag-values.ts";
import type { Session } from "./session.ts";

export type Flag = {
  name: string;
  short?: string;
  /** `list` may be given many times. */
  kind: "bool" | "string" | "list";
  summary: string;
  /** The word for the value in help. */
  placeholder?: string;
  default?: string;
  choices?: readonly string[];
  hidden?: boolean;
  /** Known to Docker, not to us: why, and what to do instead. */
  refused?: string;
};

export type Verb = {
  /** As typed, e.g. `image ls`. */
  name: string;
  summary: string;
  /** What follows the name in the usage line. */
  usage: string;
  args: { min: number; max: number };
  /** False: the first positional ends the flags (run, exec). */
  interspersed?: boolean;
  flags: readonly Flag[];
  examples?: readonly string[];
  run(session: Session, args: string[], flags: FlagValues): Promise<number>;
};

export const anyNumber = Number.MAX_SAFE_INTEGER;
export const formatFlag: Flag = {
  name: "format",
  kind: "string",
  summary: 'Print by a Go template, or "json", or "table TEMPLATE"',
};
export const filterFlag: Flag = {
  name: "filter",
  short: "f",
  kind: "list",
  summary: "Show only what matches (key=value)",
};
export const quietFlag: Flag = { name: "quiet", short: "q", kind: "bool", summary: "Print only ids" };
export const noTruncFlag: Flag = { name: "no-trunc", kind: "bool", summary: "Print ids and texts in full" };
export const forceFlag: Flag = { name: "force", short: "f", kind: "bool", summary: "Do not ask" };
