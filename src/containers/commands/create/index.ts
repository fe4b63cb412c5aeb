/** Turns the flags of `run` and `create` into the API's create request. */

import { Failure } from "../../../cli/failure.ts";
import type { FlagValues } from "../../../cli/flag-values.ts";
import type { Session } from "../../../cli/session.ts";
import type { Flag } from "../../../cli/verb.ts";
import { ApiError } from "../../../sdk/errors.ts";
import type { CreateBody, FlagGroup } from "./body.ts";
import { limits } from "./limits.ts";
import { mounts } from "./mounts.ts";
import { network } from "./network.ts";
import { processGroup } from "./process.ts";
import { security } from "./security.ts";

const groups: readonly FlagGroup[] = [processGroup, limits, security, mounts, network];

export const createFlags: readonly Flag[] = [
  { name: "name", kind: "string", summary: "Name of the container" },
  { name: "cidfile", kind: "string", summary: "Write the id to a file, which must not exist" },
  { name: "attach", short: "a", kind: "list", summary: "Attach stdin, stdout or stderr" },
  {
    name: "pull",
    kind: "string",
    summary: "",
    choices: ["missing", "never", "always"],
    default: "missing",
    hidden: true,
  },
  { name: "platform", kind: "string", summary: "Platform of the image" },
  { name: "quiet", short: "q", kind: "bool", summary: "Print no progress" },
  ...groups.flatMap((group) => group.flags),
];

export async function planCreate(args: readonly string[], flags: FlagValues, session: Session): Promise<CreateBody> {
  const [image = "", ...command] = args;
  const body: CreateBody = { Image: image, Labels: {}, HostConfig: {}, NetworkingConfig: { EndpointsConfig: {} } };
  if (command.length > 0) body["Cmd"] = command;
  for (const group of groups) await group.apply(body, flags, session.env);
  return body;
}

/** What `--pull` and `--cidfile` forbid, found out before anything is made. */
export async function checkCreate(flags: FlagValues): Promise<void> {
  if (flags.string("pull") === "always") {
    throw new Failure("Cannot use --pull always: registries are not supported yet", {
      hint: "bring the image with `hbx load` or `hbx import`",
      exitCode: 125,
    });
  }
  const cidfile = flags.string("cidfile");
  if (cidfile !== undefined && (await Bun.file(cidfile).exists())) {
    throw new Failure(`Cannot write container id to ${cidfile}: the file exists already`, { exitCode: 125 });
  }
}

/** Warnings to people, the id to `--cidfile`. */
export async function reportCreated(session: Session, { Id, Warnings }: Created, flags: FlagValues): Promise<string> {
  for (const warning of Warnings ?? []) session.err.line(`WARNING: ${warning}`);
  const cidfile = flags.string("cidfile");
  if (cidfile !== undefined) await Bun.write(cidfile, Id);
  return Id;
}

export type Created = { Id: string; Warnings?: string[] | null };

export async function createContainer(session: Session, body: CreateBody, flags: FlagValues): Promise<string> {
  await checkCreate(flags);
  try {
    const query = { name: flags.string("name"), platform: flags.string("platform") };
    return await reportCreated(
      session,
      await session.client.json<Created>("POST", "/containers/create", { query, json: body }),
      flags,
    );
  } catch (error) {
    throw createFailure(body.Image, error);
  }
}

export function createFailure(image: string, error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const missing = error.status === 404 && /image/i.test(error.message);
  return new Failure(error.message, {
    hint:
      error.hint ??
      (missing ? `registries are not supported yet: bring ${image} with \`hbx load\` or \`hbx import\`` : undefined),
    exitCode: 125,
  });
}
