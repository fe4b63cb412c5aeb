/** `inspect` of whatever has the name: containers first, then images, volumes, networks. */
import { Failure } from "../../cli/failure.ts";
import { inspectAll } from "../../cli/inspect.ts";
import type { Session } from "../../cli/session.ts";
import { anyNumber, type Flag, formatFlag, type Verb } from "../../cli/verb.ts";
import { ApiError } from "../../sdk/errors.ts";

const formatShort: Flag = { ...formatFlag, short: "f" };
const sizeFlag: Flag = { name: "size", short: "s", kind: "bool", summary: "Show the sizes of containers too" };

type Kind = { path: (name: string) => string; takesSize?: true };
const kinds: Readonly<Record<string, Kind>> = {
  container: { path: (name) => `/containers/${encodeURIComponent(name)}/json`, takesSize: true },
  image: { path: (name) => `/images/${name}/json` },
  volume: { path: (name) => `/volumes/${encodeURIComponent(name)}` },
  network: { path: (name) => `/networks/${encodeURIComponent(name)}` },
};

export const inspect: Verb = {
  name: "inspect",
  summary: "Show all about containers, images, volumes or networks",
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  args: { min: 1, max: anyNumber },
  flags: [
    formatShort,
    sizeFlag,
    { name: "type", kind: "string", choices: Object.keys(kinds), summary: "Only objects of this type" },
  ],
  run(session, names, flags) {
    const type = flags.string("type");
    const size = flags.bool("size");
    if (size && type !== undefined && type !== "container") {
      throw new Failure(`--size is for containers, not for type ${type}`);
    }
    const wanted = type === undefined ? Object.keys(kinds) : [type];
    return inspectAll(session, names, flags.string("format"), (name) => find(session, name, wanted, size));
  },
};

export const containerInspect: Verb = {
  name: "container inspect",
  summary: "Show all about containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: [formatShort, sizeFlag],
  run: (session, names, flags) =>
    inspectAll(session, names, flags.string("format"), (name) =>
      find(session, name, ["container"], flags.bool("size")),
    ),
};

/** The first kind that knows the name. A name that is malformed for one kind may be well formed for the next. */
async function find(session: Session, name: string, wanted: readonly string[], size: boolean): Promise<unknown> {
  let refusal: unknown;
  for (const type of wanted) {
    const kind = kinds[type];
    if (!kind) continue;
    try {
      return await session.client.json("GET", kind.path(name), {
        query: { size: (kind.takesSize && size) || undefined },
      });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 400)) throw error;
      refusal = error;
    }
  }
  throw wanted.length === 1 ? refusal : new ApiError(404, `No such object: ${name}`);
}
