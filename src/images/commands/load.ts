import { Failure } from "../../cli/failure.ts";
import { printProgress } from "../../cli/progress.ts";
import { standardInput } from "../../cli/standard-input.ts";
import type { Verb } from "../../cli/verb.ts";

export const load: Verb = {
  name: "load",
  summary: "Load images from an archive or an OCI layout",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    {
      name: "input",
      short: "i",
      kind: "string",
      placeholder: "FILE",
      summary: "Read from a file or an OCI layout directory, not from standard input",
    },
    { name: "quiet", short: "q", kind: "bool", summary: "Print only the names" },
    { name: "platform", kind: "string", summary: "Load only this platform (os/arch)" },
  ],
  async run(session, _args, flags) {
    const path = flags.string("input");
    if (path === undefined && process.stdin.isTTY) {
      throw new Failure("requested load from stdin, but stdin is empty", {
        hint: "name the archive: hbx load -i FILE",
      });
    }
    const { body } = await session.client.stream("POST", "/images/load", {
      query: { quiet: flags.bool("quiet") || !process.stderr.isTTY, platform: flags.string("platform") },
      body: path === undefined ? standardInput() : await archiveAt(path),
    });
    return await printProgress(session, body);
  },
};

async function archiveAt(path: string): Promise<AsyncIterable<Uint8Array>> {
  const file = Bun.file(path);
  const found = await file.stat().catch(() => {
    throw new Failure(`open ${path}: no such file or directory`);
  });
  if (!found.isDirectory()) return file.stream();
  return await (await import("./layout-archive.ts")).layoutArchive(path);
}
