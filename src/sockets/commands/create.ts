import { parseNumber, parseSize } from "../../cli/parse-values.ts";
import type { Verb } from "../../cli/verb.ts";
import type { SocketBody } from "../schema.ts";

export const socketCreate: Verb = {
  name: "socket create",
  summary: "Make a filtered socket, to be mounted into a sandbox",
  usage: "[OPTIONS] NAME",
  args: { min: 1, max: 1 },
  flags: [
    { name: "max-containers", kind: "string", summary: "Containers at once", placeholder: "N", default: "16" },
    { name: "max-volumes", kind: "string", summary: "Volumes at once", placeholder: "N", default: "16" },
    { name: "memory", kind: "string", summary: "Most memory of a container (0: any)", default: "512m" },
    { name: "cpus", kind: "string", summary: "Most CPUs of a container (0: any)", default: "1" },
    { name: "pids-limit", kind: "string", summary: "Most processes of a container (0: any)", default: "256" },
    { name: "pull", kind: "bool", summary: "Let it pull images" },
    { name: "publish", kind: "bool", summary: "Let it publish ports on the host" },
  ],
  examples: ["hbx run -it -v $(hbx socket create agent):/var/run/docker.sock IMAGE"],
  async run(session, [name = ""], flags) {
    const number = (flag: string) => parseNumber(flag, flags.string(flag) ?? "");
    const body = {
      Name: name,
      MaxContainers: number("max-containers"),
      MaxVolumes: number("max-volumes"),
      MaxMemory: parseSize("memory", flags.string("memory") ?? ""),
      MaxNanoCpus: Math.round(number("cpus") * 1e9),
      MaxPids: number("pids-limit"),
      Pull: flags.bool("pull"),
      Publish: flags.bool("publish"),
    };
    const made = await session.client.json<SocketBody>("POST", "/hbx/v1/sockets", { json: body });
    session.out.line(made.Path);
    return 0;
  },
};
