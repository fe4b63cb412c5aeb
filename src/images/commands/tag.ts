import { splitName } from "../../cli/registry/split-name.ts";
import type { Verb } from "../../cli/verb.ts";

export const tag: Verb = {
  name: "tag",
  summary: "Give an image another name",
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  args: { min: 2, max: 2 },
  flags: [],
  async run(session, [source = "", target = ""]) {
    await session.client.text("POST", `/images/${source}/tag`, { query: splitName(target) });
    return 0;
  },
};
