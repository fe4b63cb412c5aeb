import { renderOne } from "../../cli/format-list.ts";
import { binarySize } from "../../cli/sizes.ts";
import { formatFlag, type Verb } from "../../cli/verb.ts";

type Info = Record<string, unknown> & {
  Warnings: string[] | null;
  SecurityOptions: string[];
  DriverStatus: [string, string][];
};

export const info: Verb = {
  name: "info",
  summary: "Show the daemon, its host, and what is degraded there",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [{ ...formatFlag, short: "f" }],
  async run(session, _args, flags) {
    const facts = await session.client.json<Info>("GET", "/info");
    const format = flags.string("format");
    if (format !== undefined) {
      session.out.line(renderOne(format, facts));
      return 0;
    }
    const lines: [string, unknown][] = [
      ["Server Version", facts["ServerVersion"]],
      ["Containers", facts["Containers"]],
      [" Running", facts["ContainersRunning"]],
      [" Paused", facts["ContainersPaused"]],
      [" Stopped", facts["ContainersStopped"]],
      ["Images", facts["Images"]],
      ["Storage Driver", facts["Driver"]],
      ...facts.DriverStatus.map(([key, value]): [string, unknown] => [` ${key}`, value]),
      ["Logging Driver", facts["LoggingDriver"]],
      ["Cgroup Driver", facts["CgroupDriver"]],
      ["Cgroup Version", facts["CgroupVersion"]],
      ["Default Runtime", facts["DefaultRuntime"]],
      ["Security Options", facts.SecurityOptions.join(" ")],
      ["Kernel Version", facts["KernelVersion"]],
      ["Operating System", facts["OperatingSystem"]],
      ["OSType", facts["OSType"]],
      ["Architecture", facts["Architecture"]],
      ["CPUs", facts["NCPU"]],
      ["Total Memory", binarySize(Number(facts["MemTotal"]))],
      ["Name", facts["Name"]],
      ["ID", facts["ID"]],
      ["Root Dir", facts["DockerRootDir"]],
    ];
    for (const [key, value] of lines) session.out.line(`${key}: ${String(value)}`);
    for (const warning of facts.Warnings ?? []) session.err.line(warning);
    return 0;
  },
};
