import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";

export const volumeCreate: Verb = {
  name: "volume create",
  summary: "Create a volume",
  usage: "[OPTIONS] [VOLUME]",
  args: { min: 0, max: 1 },
  flags: [
    { name: "driver", short: "d", kind: "string", default: "local", summary: "Volume driver" },
    { name: "label", kind: "list", summary: "Set a label (key=value)" },
    { name: "opt", short: "o", kind: "list", summary: "Set a driver option (key=value)" },
    { name: "name", kind: "string", summary: "Name of the volume", hidden: true },
  ],
  async run(session, [name], flags) {
    const given = flags.string("name");
    if (name !== undefined && given !== undefined) throw new Failure("conflicting options: give the name once");
    const json = {
      Name: name ?? given ?? "",
      Driver: flags.string("driver"),
      DriverOpts: pairs(flags.list("opt")),
      Labels: pairs(flags.list("label")),
    };
    const { Name } = await session.client.json<{ Name: string }>("POST", "/volumes/create", { json });
    session.out.line(Name);
    return 0;
  },
};

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
