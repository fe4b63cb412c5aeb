/** Changes limits and the restart policy of containers, running or not. */
import { Failure } from "../../cli/failure.ts";
import { anyNumber, type Flag, type Verb } from "../../cli/verb.ts";
import type { CreateBody } from "./create/body.ts";
import { limits } from "./create/limits.ts";
import { parseRestart } from "./create/process.ts";
import { eachContainer } from "./each-container.ts";

/** Of the limits that `run` sets, those that can change later. */
const changeable = new Set(
  "blkio-weight cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems memory memory-reservation memory-swap pids-limit kernel-memory".split(
    " ",
  ),
);
const updateFlags: readonly Flag[] = [
  ...limits.flags.filter(({ name }) => changeable.has(name)),
  { name: "restart", kind: "string", summary: "Restart policy: no, on-failure[:max], always, unless-stopped" },
];

export const update: Verb = {
  name: "update",
  summary: "Change limits and the restart policy of containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: { min: 1, max: anyNumber },
  flags: updateFlags,
  async run(session, names, flags) {
    if (!updateFlags.some(({ name }) => flags.has(name))) {
      throw new Failure("you must provide one or more flags when using this command");
    }
    const body: CreateBody = { Image: "", Labels: {}, HostConfig: {}, NetworkingConfig: { EndpointsConfig: {} } };
    await limits.apply(body, flags, session.env);
    const json = body.HostConfig;
    if (flags.has("restart")) json["RestartPolicy"] = parseRestart(flags.string("restart") ?? "");
    return await eachContainer(session, names, async (path) => {
      const { Warnings } = await session.client.json<{ Warnings: string[] | null }>("POST", `${path}/update`, { json });
      for (const warning of Warnings ?? []) session.err.line(`WARNING: ${warning}`);
    });
  },
};
