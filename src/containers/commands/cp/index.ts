/** `cp`: files between a container and here. The tar library is loaded by what needs it. */
import { Failure } from "../../../cli/failure.ts";
import type { Verb } from "../../../cli/verb.ts";
import { parsePlace } from "./rules.ts";

export const cp: Verb = {
  name: "cp",
  summary: "Copy files between a container and here",
  usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n        hbx cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  args: { min: 2, max: 2 },
  flags: [
    { name: "archive", short: "a", kind: "bool", summary: "Keep user and group ids" },
    { name: "follow-link", short: "L", kind: "bool", summary: "Copy what SRC_PATH links to" },
    { name: "quiet", short: "q", kind: "bool", summary: "Show no progress" },
  ],
  examples: ["hbx cp web:/var/log/. ./logs", "tar c src | hbx cp - web:/app"],
  async run(session, [source = "", target = ""], flags) {
    const from = parsePlace(source);
    const to = parsePlace(target);
    const options = {
      archive: flags.bool("archive"),
      followLink: flags.bool("follow-link"),
      quiet: flags.bool("quiet"),
    };
    if (from.path === "" || to.path === "") throw new Failure("neither the source nor the destination may be empty");
    if ("container" in from && "container" in to) throw new Failure("copying between containers is not supported");
    if ("container" in from) await (await import("./from-container.ts")).copyFrom(session, from, to.path, options);
    else if ("container" in to) await (await import("./to-container.ts")).copyTo(session, from.path, to, options);
    else throw new Failure("must specify at least one container source", { hint: "name it as CONTAINER:PATH" });
    return 0;
  },
};
