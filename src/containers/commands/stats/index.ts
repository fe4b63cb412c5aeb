/** Figures of containers: once, or again every second. */
import { type Fields, renderList } from "../../../cli/format-list.ts";
import type { Session } from "../../../cli/session.ts";
import { anyNumber, formatFlag, noTruncFlag, type Verb } from "../../../cli/verb.ts";
import { ApiError } from "../../../sdk/errors.ts";
import { jsonLines } from "../../../sdk/json-lines.ts";
import type { StatsJson } from "./figures.ts";
import { columns, headings, statsRow } from "./row.ts";

const intervalMs = 1000;

export const stats: Verb = {
  name: "stats",
  summary: "Show what containers use of the host",
  usage: "[OPTIONS] [CONTAINER...]",
  args: { min: 0, max: anyNumber },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "Stopped containers too" },
    formatFlag,
    { name: "no-stream", kind: "bool", summary: "Once only" },
    noTruncFlag,
  ],
  async run(session, names, flags) {
    const full = flags.bool("no-trunc");
    const print = (rows: readonly Fields[]) =>
      renderList(flags.string("format") || "table", { rows, headings, columns });
    const named = names.length > 0;
    const wanted = () => list(session, flags.bool("all"));
    if (flags.bool("no-stream")) {
      const all = await Promise.all((named ? names : await wanted()).map((name) => once(session, name, named)));
      const found = all.filter((row) => row !== null);
      void session.out.write(print(found.map(({ name, json }) => statsRow(name, json, full))));
      return 0;
    }
    for (const name of names) await session.client.json("GET", `/containers/${encodeURIComponent(name)}/json`);
    await follow(session, wanted, (current) => print([...current].map(([name, json]) => statsRow(name, json, full))));
    return 0;
  },
};

async function list(session: Session, all: boolean): Promise<string[]> {
  const found = await session.client.json<{ Id: string }[]>("GET", "/containers/json", { query: { all } });
  return found.map(({ Id }) => Id.slice(0, 12));
}

/** Null: a container of the list that went away meanwhile. */
async function once(session: Session, name: string, named: boolean): Promise<{ name: string; json: StatsJson } | null> {
  const path = `/containers/${encodeURIComponent(name)}/stats`;
  try {
    return { name, json: await session.client.json<StatsJson>("GET", path, { query: { stream: false } }) };
  } catch (error) {
    if (!named && error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

type Current = Map<string, StatsJson | null>;

/** Ends when the named containers are gone; without names it goes on, for others may come. */
async function follow(
  session: Session,
  wanted: readonly string[] | (() => Promise<string[]>),
  print: (current: Current) => string,
): Promise<void> {
  const current: Current = new Map();
  const open = new Set<string>();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // it is awaited below
  const forget = (name: string) => {
    open.delete(name);
    current.delete(name);
  };
  const watch = async (name: string) => {
    try {
      const path = `/containers/${encodeURIComponent(name)}/stats`;
      const { body } = await session.client.stream("GET", path, { query: { stream: true } });
      for await (const json of jsonLines<StatsJson>(body)) {
        if (!open.has(name)) return;
        current.set(name, json);
      }
    } catch (error) {
      if (!(error instanceof ApiError)) failure.reject(error);
    }
    forget(name);
  };
  const start = (name: string) => {
    open.add(name);
    current.set(name, null);
    void watch(name);
  };
  const terminal = process.stdout.isTTY === true;
  if (typeof wanted !== "function") for (const name of wanted) start(name);
  for (let first = true; first || typeof wanted === "function" || open.size > 0; first = false) {
    if (typeof wanted === "function") {
      const names = new Set(await wanted());
      for (const name of current.keys()) if (!names.has(name)) forget(name);
      for (const name of names) if (!open.has(name)) start(name);
    }
    // The first figures come at once; rates need a second sample.
    if (first) await Bun.sleep(50);
    const text = print(current);
    // Home, every line erased to its end, and what is below it: no flicker, nothing left over.
    await session.out.write(terminal ? `\x1b[H${text.replaceAll("\n", "\x1b[K\n")}\x1b[J` : text);
    await Promise.race([Bun.sleep(intervalMs), failure.promise]);
  }
}
