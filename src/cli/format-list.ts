/** `--format` of every list: a table, JSON lines, or a Go template per row; headings come from the same template. */

import { Failure } from "./failure.ts";
import type { FlagValues } from "./flag-values.ts";
import type { Session } from "./session.ts";
import { renderTable } from "./table.ts";
import { compileTemplate } from "./template/render.ts";

/** One row: what `{{.Name}}` may say of it. Functions are called with the template's arguments. */
export type Fields = Readonly<Record<string, unknown>>;

export type ListFormat = {
  rows: readonly Fields[];
  /** Heading of each field in a table. */
  headings: Readonly<Record<string, string>>;
  /** The columns of the usual table. */
  columns: readonly string[];
  /** What `--quiet` prints of a row. */
  quiet?: string;
};

export function printList(session: Session, flags: FlagValues, list: ListFormat): void {
  const format = flags.string("format") ?? "table";
  if (list.quiet !== undefined && flags.bool("quiet") && !flags.has("format")) {
    for (const row of list.rows) session.out.line(String(row[list.quiet]));
    return;
  }
  void session.out.write(renderList(format, list));
}

export function renderList(format: string, { rows, headings, columns }: ListFormat): string {
  if (format === "json") return rows.map((row) => `${JSON.stringify(plain(row))}\n`).join("");
  if (format === "table" || /^table\s/.test(format)) {
    const given = format.slice("table".length).trim();
    const text = given === "" ? columns.map((name) => `{{.${name}}}`).join("\t") : withEscapes(given);
    // In a table's heading, whatever is done to a field is left out: its name stands for it.
    const head = compileTemplate(text.replace(/\{\{[^}]*?(\.\w+)[^}]*\}\}/g, "{{$1}}"));
    const body = compileTemplate(text);
    const lines = [render(head, headings), ...rows.map((row) => render(body, row))];
    return renderTable(lines.map((line) => line.split("\t")));
  }
  const template = compileTemplate(withEscapes(format));
  return rows.map((row) => `${render(template, row)}\n`).join("");
}

/** Renders one object, for verbs that print a single one. */
export function renderOne(format: string, value: unknown): string {
  if (format === "json") return JSON.stringify(value);
  return render(compileTemplate(withEscapes(format)), value);
}

function render(template: ReturnType<typeof compileTemplate>, value: unknown): string {
  try {
    return template.render(value);
  } catch (error) {
    throw new Failure(`template: ${error instanceof Error ? error.message : String(error)}`, {
      hint: "--format json shows what there is",
    });
  }
}

/** A shell passes `\t` and `\n` on as they were typed. */
function withEscapes(text: string): string {
  return text.replace(/\\t/g, "\t").replace(/\\n/g, "\n");
}

function plain(row: Fields): Fields {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== "function"));
}
