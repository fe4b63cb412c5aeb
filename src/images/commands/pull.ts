import { Failure } from "../../cli/failure.ts";
import { pullImage } from "../../cli/registry/pull-image.ts";
import { fullName, splitPulled } from "../../cli/registry/split-name.ts";
import type { Verb } from "../../cli/verb.ts";

export const pull: Verb = {
  name: "pull",
  summary: "Fetch an image from a registry",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  args: { min: 1, max: 1 },
  flags: [
    { name: "all-tags", short: "a", kind: "bool", summary: "Fetch every tag of the repository" },
    { name: "quiet", short: "q", kind: "bool", summary: "Print only the name" },
    { name: "platform", kind: "string", summary: "Platform of the image (os/arch[/variant])" },
    {
      name: "disable-content-trust",
      kind: "bool",
      default: "true",
      summary: "Accepted for Docker's scripts; signatures are not looked at",
      hidden: true,
    },
  ],
  examples: ["hbx pull debian:12", "hbx pull --platform linux/arm64 alpine"],
  async run(session, [name = ""], flags) {
    const allTags = flags.bool("all-tags");
    const quiet = flags.bool("quiet");
    if (!flags.bool("disable-content-trust")) {
      throw new Failure("Cannot pull with content trust: signatures of images are not checked", {
        hint: "leave --disable-content-trust out",
      });
    }
    const { tag } = splitPulled(name);
    if (allTags && tag !== null) throw new Failure("tag can't be used with --all-tags/-a");
    if (!allTags && tag === null && !quiet) session.out.line("Using default tag: latest");
    await pullImage(session, name, { platform: flags.string("platform"), quiet, allTags });
    session.out.line(fullName(name, allTags));
    return 0;
  },
};
