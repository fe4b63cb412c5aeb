import { Failure } from "../../cli/failure.ts";
import { printProgress } from "../../cli/progress.ts";
import { splitName } from "../../cli/registry/split-name.ts";
import { standardInput } from "../../cli/standard-input.ts";
import type { Verb } from "../../cli/verb.ts";

export const importImage: Verb = {
  name: "import",
  summary: "Make an image of a root filesystem's tar",
  usage: "[OPTIONS] FILE|- [REPOSITORY[:TAG]]",
  args: { min: 1, max: 2 },
  flags: [
    { name: "change", short: "c", kind: "list", summary: "Apply a Dockerfile instruction to the image" },
    { name: "message", short: "m", kind: "string", summary: "Comment of the import" },
    { name: "platform", kind: "string", summary: "Platform of the image (os/arch)" },
  ],
  async run(session, [source = "", name = ""], flags) {
    if (/^https?:/.test(source)) {
      throw new Failure(`Cannot import ${source}: only files and - are read`, {
        hint: "download it first: curl … | hbx import -",
      });
    }
    if (source !== "-" && !(await Bun.file(source).exists()))
      throw new Failure(`open ${source}: no such file or directory`);
    const { body } = await session.client.stream("POST", "/images/create", {
      query: {
        fromSrc: "-",
        ...(name === "" ? {} : splitName(name)),
        message: flags.string("message"),
        platform: flags.string("platform"),
        changes: flags.list("change"),
      },
      body: source === "-" ? standardInput() : Bun.file(source).stream(),
    });
    return await printProgress(session, body);
  },
};
