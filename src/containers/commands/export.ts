import { Failure } from "../../cli/failure.ts";
import type { Verb } from "../../cli/verb.ts";
import { writeBody } from "../../cli/write-body.ts";

export const exportContainer: Verb = {
  name: "export",
  summary: "Write a container's root filesystem as a tar",
  usage: "[OPTIONS] CONTAINER",
  args: { min: 1, max: 1 },
  flags: [
    {
      name: "output",
      short: "o",
      kind: "string",
      placeholder: "FILE",
      summary: "Write to a file, not to standard output",
    },
  ],
  async run(session, [name = ""], flags) {
    const path = flags.string("output");
    if (path === undefined && process.stdout.isTTY) {
      throw new Failure("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    const { body } = await session.client.stream("GET", `/containers/${encodeURIComponent(name)}/export`);
    await writeBody(session, body, path);
    return 0;
  },
};
