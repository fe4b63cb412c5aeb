import { Failure } from "../../cli/failure.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";
import { writeBody } from "../../cli/write-body.ts";

export const save: Verb = {
  name: "save",
  summary: "Write images to an archive",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: { min: 1, max: anyNumber },
  flags: [
    {
      name: "output",
      short: "o",
      kind: "string",
      placeholder: "FILE",
      summary: "Write to a file instead of standard output",
    },
    { name: "platform", kind: "string", summary: "Save only this platform (os/arch)" },
  ],
  async run(session, names, flags) {
    const path = flags.string("output");
    if (path === undefined && process.stdout.isTTY) {
      throw new Failure("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    const { body } = await session.client.stream("GET", "/images/get", {
      query: { names, platform: flags.string("platform") },
    });
    await writeBody(session, body, path);
    return 0;
  },
};
