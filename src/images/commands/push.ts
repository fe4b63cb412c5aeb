import { Failure } from "../../cli/failure.ts";
import { printProgress } from "../../cli/progress.ts";
import { authHeader } from "../../cli/registry/credentials.ts";
import { fullName, splitName } from "../../cli/registry/split-name.ts";
import type { Verb } from "../../cli/verb.ts";

export const push: Verb = {
  name: "push",
  summary: "Send an image to a registry",
  usage: "[OPTIONS] NAME[:TAG]",
  args: { min: 1, max: 1 },
  flags: [
    { name: "all-tags", short: "a", kind: "bool", summary: "Send every tag of the repository" },
    { name: "quiet", short: "q", kind: "bool", summary: "Print only the name" },
    { name: "platform", kind: "string", summary: "Send the image only if it is for this platform" },
    {
      name: "disable-content-trust",
      kind: "bool",
      default: "true",
      summary: "Accepted for Docker's scripts; nothing is signed",
      hidden: true,
    },
  ],
  async run(session, [name = ""], flags) {
    const allTags = flags.bool("all-tags");
    const quiet = flags.bool("quiet");
    if (!flags.bool("disable-content-trust")) {
      throw new Failure("Cannot push with content trust: images are not signed here", {
        hint: "leave --disable-content-trust out",
      });
    }
    const { repo, tag } = splitName(name);
    if (allTags && tag !== undefined) throw new Failure("tag can't be used with --all-tags/-a");
    if (!allTags && tag === undefined && !quiet) session.out.line("Using default tag: latest");
    const { body } = await session.client.stream("POST", `/images/${repo}/push`, {
      query: { tag: allTags ? undefined : (tag ?? "latest"), platform: flags.string("platform") },
      // Docker's engines want the header even where it says nothing.
      headers: { "X-Registry-Auth": "e30=", ...(await authHeader(session.env, name)) },
    });
    await printProgress(session, body, { quiet });
    if (quiet) session.out.line(fullName(name, allTags));
    return 0;
  },
};
