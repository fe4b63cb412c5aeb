import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";

export const commit: Verb = {
  name: "commit",
  summary: "Make an image of what a container changed",
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  args: { min: 1, max: 2 },
  flags: [
    { name: "author", short: "a", kind: "string", summary: "Author (Name <mail@host>)" },
    { name: "change", short: "c", kind: "list", summary: "Apply a Dockerfile instruction to the image" },
    { name: "message", short: "m", kind: "string", summary: "Message of the commit" },
    { name: "pause", short: "p", kind: "bool", default: "true", summary: "Pause the container meanwhile" },
  ],
  async run(session, [container = "", name = ""], flags) {
    const { Id } = await session.client.json<{ Id: string }>("POST", "/commit", {
      query: {
        container,
        ...target(name),
        author: flags.string("author"),
        comment: flags.string("message"),
        changes: flags.list("change"),
        pause: flags.bool("pause"),
      },
      json: {},
    });
    session.out.line(Id);
    return 0;
  },
};

/** `host:5000/name:tag`: a colon before a slash belongs to the host. A digest cannot be chosen. */
function target(name: string): { repo?: string; tag?: string } {
  if (name.includes("@"))
    throw new Failure(`invalid reference "${name}": an image cannot be given a digest as its name`);
  if (name === "") return {};
  const colon = name.lastIndexOf(":");
  if (colon < 0 || name.indexOf("/", colon) >= 0) return { repo: name };
  return { repo: name.slice(0, colon), tag: name.slice(colon + 1) };
}
