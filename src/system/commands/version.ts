import { clientVersion } from "../../cli/client-version.ts";
import { renderOne } from "../../cli/format-list.ts";
import { formatFlag, type Verb } from "../../cli/verb.ts";
import { ApiError, DaemonUnreachable } from "../../sdk/errors.ts";
import { apiVersion } from "../../sdk/paths.ts";

type Version = Record<string, unknown> & {
  Version: string;
  ApiVersion: string;
  MinAPIVersion: string;
  Os: string;
  Arch: string;
  KernelVersion: string;
};

export const version: Verb = {
  name: "version",
  summary: "Show the versions of client and daemon",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [{ ...formatFlag, short: "f" }],
  async run(session, _args, flags) {
    const Client = {
      Version: clientVersion,
      ApiVersion: apiVersion.slice(1),
      Os: process.platform,
      Arch: process.arch,
    };
    let Server: Version | null = null;
    let trouble: unknown;
    try {
      Server = await session.client.json<Version>("GET", "/version");
    } catch (error) {
      if (!(error instanceof ApiError) && !(error instanceof DaemonUnreachable)) throw error;
      trouble = error;
    }
    const format = flags.string("format");
    if (format !== undefined) session.out.line(renderOne(format, { Client, Server }));
    else {
      session.out.line(
        `Client: HyperBox\n Version:      ${Client.Version}\n API version:  ${Client.ApiVersion}\n OS/Arch:      ${Client.Os}/${Client.Arch}`,
      );
      if (Server) {
        session.out.line(
          `\nServer: HyperBox\n Version:      ${Server.Version}\n API version:  ${Server.ApiVersion} (minimum ${Server.MinAPIVersion})\n OS/Arch:      ${Server.Os}/${Server.Arch}\n Kernel:       ${Server.KernelVersion}`,
        );
      }
    }
    if (trouble === undefined) return 0;
    await session.out.flush();
    throw trouble;
  },
};
