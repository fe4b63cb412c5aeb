/** `hbx __complete WORDS…`, which the scripts call. Whatever goes wrong, the shell sees nothing of it. */
import { createClient } from "../../sdk/client.ts";
import type { Verb } from "../verb.ts";
import { anyNumber } from "../verb.ts";
import { candidates, type Names, type ObjectKind } from "./candidates.ts";

type Named = { Name?: string; Names?: string[]; RepoTags?: string[] | null };
const sources: Readonly<Record<ObjectKind, { path: string; filters?: string; all?: true }>> = {
  container: { path: "/containers/json", all: true },
  running: { path: "/containers/json" },
  stopped: { path: "/containers/json", all: true, filters: '{"status":["created","exited","dead"]}' },
  image: { path: "/images/json" },
  volume: { path: "/volumes" },
  network: { path: "/networks" },
};

export const complete: Verb = {
  name: "__complete",
  summary: "",
  usage: "WORD...",
  args: { min: 0, max: anyNumber },
  interspersed: false,
  flags: [],
  async run(session, words) {
    // A client of its own: the session's would start a daemon.
    const client = createClient(session.endpoint.socketPath);
    const names: Names = async (kind) => {
      const { path, all, filters } = sources[kind];
      try {
        const answer = await client.json<Named[] | { Volumes: Named[] | null }>("GET", path, {
          query: { all, filters },
        });
        const list = Array.isArray(answer) ? answer : (answer.Volumes ?? []);
        return list.flatMap((one) => one.RepoTags ?? one.Names?.map((name) => name.slice(1)) ?? one.Name ?? []);
      } catch {
        return [];
      }
    };
    const found = await candidates(words, names);
    for (const { text, summary } of found) session.out.line(summary ? `${text}\t${summary}` : text);
    client.close();
    return 0;
  },
};
