import { encodeFilters } from "../../cli/filters.ts";
import { renderOne } from "../../cli/format-list.ts";
import { filterFlag, formatFlag, type Verb } from "../../cli/verb.ts";
import { jsonLines } from "../../sdk/json-lines.ts";

type Event = {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  timeNano: number;
};

export const events: Verb = {
  name: "events",
  summary: "Follow what happens in the daemon",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    filterFlag,
    formatFlag,
    { name: "since", kind: "string", summary: "Begin with events since this time" },
    { name: "until", kind: "string", summary: "End at this time" },
  ],
  async run(session, _args, flags) {
    const query = {
      since: flags.string("since"),
      until: flags.string("until"),
      filters: encodeFilters(flags.list("filter")),
    };
    const { body } = await session.client.stream("GET", "/events", { query });
    const format = flags.string("format");
    for await (const event of jsonLines<Event>(body)) {
      session.out.line(
        format === undefined
          ? plainText(event)
          : renderOne(format, { ...event, ID: event.Actor.ID, Status: event.Action }),
      );
    }
    return 0;
  },
};

function plainText({ Type, Action, Actor, timeNano }: Event): string {
  const seconds = new Date(timeNano / 1e6).toISOString().slice(0, 19);
  const nanos = String(Math.round(timeNano % 1e9)).padStart(9, "0");
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  return `${seconds}.${nanos}Z ${Type} ${Action} ${Actor.ID}${attributes.length > 0 ? ` (${attributes.join(", ")})` : ""}`;
}
