/** Here → container. */
import { lstat, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure } from "../../../cli/failure.ts";
import type { Session } from "../../../cli/session.ts";
import { standardInput } from "../../../cli/standard-input.ts";
import type { CopyOptions } from "./options.ts";
import { packTree } from "./pack-tree.ts";
import { isDirectory, statThroughLinks } from "./path-stat.ts";
import { counted } from "./progress.ts";
import { baseOf, directoryOf, type Landing, planCopy, type Source } from "./rules.ts";

export async function copyTo(
  session: Session,
  from: string,
  to: { container: string; path: string },
  options: CopyOptions,
): Promise<void> {
  const { path, stat } = await statThroughLinks(session, to.container, to.path);
  const target = { path, exists: stat !== null, isDir: stat !== null && isDirectory(stat) };
  if (from === "-") {
    if (!target.isDir) throw new Failure(`destination "${to.container}:${to.path}" must be a directory`);
    return await put(session, to.container, path, standardInput(), options);
  }
  const source = await lookAt(from, options.followLink);
  const { dir, name }: Landing = planCopy(source, target);
  const archive = counted(session, packTree(source.path, name === "/" ? "." : name), "to container", options.quiet);
  await put(session, to.container, dir, archive, options);
}

async function put(
  session: Session,
  container: string,
  path: string,
  body: AsyncIterable<Uint8Array>,
  options: CopyOptions,
): Promise<void> {
  const query = { path, noOverwriteDirNonDir: true, copyUIDGID: options.archive || undefined };
  await session.client.text("PUT", `/containers/${encodeURIComponent(container)}/archive`, { query, body });
}

/** A link is copied as a link, unless it is to be followed or a slash behind it says that its directory is meant. */
async function lookAt(text: string, followLink: boolean): Promise<Source & { path: string }> {
  const content = /(^|\/)\.$/.test(text);
  const asDirectory = content || text.endsWith("/");
  const absolute = resolve(text);
  try {
    const path =
      followLink || asDirectory
        ? await realpath(absolute)
        : join(await realpath(directoryOf(absolute)), baseOf(absolute));
    const isDir = (await lstat(path)).isDirectory();
    if (asDirectory && !isDir) throw new Failure(`not a directory: ${text}`);
    return { path, isDir, base: content ? "." : baseOf(absolute) };
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT") throw new Failure(`lstat ${absolute}: no such file or directory`);
    if (code === "ENOTDIR") throw new Failure(`not a directory: ${text}`);
    throw error;
  }
}
