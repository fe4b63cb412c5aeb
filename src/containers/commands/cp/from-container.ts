/** Container → here. */
import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure } from "../../../cli/failure.ts";
import type { Session } from "../../../cli/session.ts";
import { ApiError } from "../../../sdk/errors.ts";
import type { CopyOptions } from "./options.ts";
import { isDirectory, parsePathStat, statThroughLinks } from "./path-stat.ts";
import { counted } from "./progress.ts";
import { baseOf, directoryOf, planCopy, type Target } from "./rules.ts";
import { unpackTree } from "./unpack-tree.ts";

export async function copyFrom(
  session: Session,
  from: { container: string; path: string },
  to: string,
  options: CopyOptions,
): Promise<void> {
  const path = options.followLink ? (await statThroughLinks(session, from.container, from.path)).path : from.path;
  const url = `/containers/${encodeURIComponent(from.container)}/archive`;
  const { headers, body } = await session.client.stream("GET", url, { query: { path } });
  if (to === "-") {
    for await (const chunk of body) await session.out.write(chunk);
    return;
  }
  const isDir = isDirectory(parsePathStat(headers.get("x-docker-container-path-stat")));
  const content = /(^|\/)\.$/.test(path);
  // In the archive the file has its own name; here that by which it was asked for, should that be a link's.
  const base = content ? "." : baseOf(path);
  const asked = content ? "." : baseOf(from.path);
  try {
    const landing = planCopy({ base: asked, isDir }, await lookAt(to));
    await unpackTree(counted(session, body, "from container", options.quiet), {
      landing,
      base,
      owners: options.archive,
      warn: (text) => session.err.line(`WARNING: ${text}`),
    });
  } catch (error) {
    if (error instanceof Failure || error instanceof ApiError) throw error;
    throw new Failure(`Cannot copy to ${to}: ${(error as Error).message}`);
  }
}

/** A destination that does not exist needs a directory to be made in. */
async function lookAt(text: string): Promise<Target> {
  const path = resolve(text) + (/\/\.?$/.test(text) && text !== "/" ? "/" : "");
  try {
    const found = await stat(path);
    return { path: await realpath(path), exists: true, isDir: found.isDirectory() };
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "ENOTDIR") throw new Failure(`not a directory: ${text}`);
    if (code !== "ENOENT") throw error;
  }
  const parent = directoryOf(path.replace(/\/$/, ""));
  try {
    const real = await realpath(parent);
    return {
      path: `${real === "/" ? "" : real}/${baseOf(path)}${path.endsWith("/") ? "/" : ""}`,
      exists: false,
      isDir: false,
    };
  } catch {
    throw new Failure(`invalid output path: directory "${parent}" does not exist`);
  }
}
