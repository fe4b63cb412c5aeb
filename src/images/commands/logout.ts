import { helperFor, hostOf, hubAddress } from "../../cli/registry/credentials.ts";
import { readDockerConfig, writeDockerConfig } from "../../cli/registry/docker-config.ts";
import { askHelper, eraseInHelper } from "../../cli/registry/helper.ts";
import type { Verb } from "../../cli/verb.ts";
import { serverAddress } from "./login.ts";

export const logout: Verb = {
  name: "logout",
  summary: "Forget the credentials for a registry",
  usage: "[SERVER]",
  args: { min: 0, max: 1 },
  flags: [],
  async run(session, [server]) {
    const address = serverAddress(server);
    const shown = address === hubAddress ? hubAddress : hostOf(address);
    const config = readDockerConfig(session.env);
    const helper = helperFor(config, address);
    const inHelper = helper !== null && (await askHelper(session.env, helper, address)) !== null;
    const kept = Object.entries(config.auths ?? {});
    const rest = kept.filter(([key]) => hostOf(key) !== hostOf(address));
    if (!inHelper && rest.length === kept.length) {
      session.out.line(`Not logged in to ${shown}`);
      return 0;
    }
    session.out.line(`Removing login credentials for ${shown}`);
    if (helper !== null && inHelper) await eraseInHelper(session.env, helper, address);
    if (rest.length < kept.length) writeDockerConfig(session.env, { ...config, auths: Object.fromEntries(rest) });
    return 0;
  },
};
