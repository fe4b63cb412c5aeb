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
    summary: "When to fetch the image",
    choices: ["missing", "never", "always"],
    default: "missing",
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

/** What `--cidfile` forbids, found out before anything is made; `--pull always` fetches the image. */
export async function checkCreate(session: Session, image: string, flags: FlagValues): Promise<void> {
  const cidfile = flags.string("cidfile");
  if (cidfile !== undefined && (await Bun.file(cidfile).exists())) {
    throw new Failure(`Cannot write container id to ${cidfile}: the file exists already`, { exitCode: 125 });
  }
  if (flags.string("pull") === "always") await pull(session, image, flags);
}

/** Runs `create`; where the image is missing and may be pulled, it is, and `create` runs once more. */
export async function withImage<T>(
  session: Session,
  image: string,
  flags: FlagValues,
  create: () => Promise<T>,
): Promise<T> {
  await checkCreate(session, image, flags);
  try {
    return await create();
  } catch (error) {
    const missing = error instanceof ApiError && error.status === 404 && /^No such image/.test(error.message);
    if (!missing || flags.string("pull") === "never") throw error;
    session.err.line(`Unable to find image '${await shownName(image)}' locally`);
    await pull(session, image, flags);
    return await create();
  }
}

async function pull(session: Session, image: string, flags: FlagValues): Promise<void> {
  const { pullImage } = await import("../../../cli/registry/pull-image.ts");
  const request = { platform: flags.string("platform"), quiet: flags.bool("quiet"), toError: true };
  try {
    await pullImage(session, image, request);
  } catch (error) {
    if (error instanceof ApiError || error instanceof Failure)
      throw new Failure(error.message, { hint: error.hint, exitCode: 125 });
    throw error;
  }
}

async function shownName(image: string): Promise<string> {
  const { splitPulled } = await import("../../../cli/registry/split-name.ts");
  return splitPulled(image).tag === null ? `${image}:latest` : image;
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
  try {
    const query = { name: flags.string("name"), platform: flags.string("platform") };
    const created = await withImage(session, body.Image, flags, () =>
      session.client.json<Created>("POST", "/containers/create", { query, json: body }),
    );
    return await reportCreated(session, created, flags);
  } catch (error) {
    throw createFailure(error);
  }
}

export function createFailure(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  return new Failure(error.message, { hint: error.hint, exitCode: 125 });
}
