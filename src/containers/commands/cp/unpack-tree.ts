/**
 * Unpacks a container's archive below a directory of ours. The archive is hostile: no path leads out of the directory, none
 * through a link, and links are made last, so that nothing can be written through one.
 */
import { constants } from "node:fs";
import { chmod, lchown, link, lstat, lutimes, mkdir, open, symlink, unlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { extract, type Header } from "tar-stream";
import { Failure } from "../../../cli/failure.ts";
import { entryPath, type Landing } from "./rules.ts";

export type UnpackOptions = {
  landing: Landing;
  /** What the archive calls its topmost entry. */
  base: string;
  /** Keep owners, for which one must be root. */
  owners: boolean;
  warn: (text: string) => void;
};

type Late = { path: string; header: Header };

export async function unpackTree(archive: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<void> {
  const { landing, base } = options;
  const reader = extract();
  const feeding = feed(archive, reader);
  feeding.catch(() => undefined);
  const top = landing.name === "." || landing.name === "/" ? [] : [landing.name];
  const pathOf = (name: string) => join(landing.dir, ...top, ...entryPath(name, base));
  const links: Late[] = [];
  const directories: Late[] = [];
  for await (const entry of reader) {
    const { header } = entry;
    const path = pathOf(header.name);
    if (header.type === "directory") {
      await makeDirectory(landing.dir, path);
      directories.push({ path, header });
    } else if (header.type === "symlink" || header.type === "link") links.push({ path, header });
    else if (header.type === "file" || header.type === "contiguous-file")
      await writeFile(path, header, entry as unknown as AsyncIterable<Uint8Array>, options);
    else options.warn(`left out ${path}: a ${header.type} cannot be made here`);
    entry.resume();
  }
  await feeding;
  for (const { path, header } of links.filter(({ header }) => header.type === "symlink")) {
    await makeRoom(landing.dir, path);
    await symlink(header.linkname ?? "", path);
    if (options.owners) await lchown(path, header.uid ?? 0, header.gid ?? 0);
    if (header.mtime) await lutimes(path, header.mtime, header.mtime);
  }
  for (const { path, header } of links.filter(({ header }) => header.type === "link")) {
    const target = pathOf(header.linkname ?? "");
    await requireDirectories(landing.dir, dirname(target));
    await makeRoom(landing.dir, path);
    await link(target, path);
  }
  // The deepest first: writing into a directory changes its time, and may need a mode that it will not have.
  for (const { path, header } of directories.reverse()) await finish(path, header, options.owners);
}

async function feed(archive: AsyncIterable<Uint8Array>, reader: ReturnType<typeof extract>): Promise<void> {
  try {
    for await (const chunk of archive) {
      if (!reader.write(chunk)) await new Promise((resolve) => reader.once("drain", () => resolve(null)));
    }
    reader.end(undefined);
  } catch (error) {
    reader.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

async function writeFile(
  path: string,
  header: Header,
  content: AsyncIterable<Uint8Array>,
  { landing, owners }: UnpackOptions,
): Promise<void> {
  await makeRoom(landing.dir, path);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    for await (const chunk of content) await file.write(chunk);
    if (owners) await file.chown(header.uid ?? 0, header.gid ?? 0);
    await file.chmod((header.mode ?? 0o644) & 0o7777);
    if (header.mtime) await file.utimes(header.mtime, header.mtime);
  } finally {
    await file.close();
  }
}

async function finish(path: string, header: Header, owners: boolean): Promise<void> {
  if (owners) await lchown(path, header.uid ?? 0, header.gid ?? 0);
  await chmod(path, (header.mode ?? 0o755) & 0o7777);
  if (header.mtime) await utimes(path, header.mtime, header.mtime);
}

async function makeDirectory(root: string, path: string): Promise<void> {
  if (path === root || path === dirname(path)) return;
  await requireDirectories(root, dirname(path));
  const there = await kindOf(path);
  if (there === "other") throw new Failure(`cannot overwrite non-directory ${path} with a directory`);
  if (there === undefined) await mkdir(path, 0o700);
}

/** Directories down to the file, and no older file in its place. */
async function makeRoom(root: string, path: string): Promise<void> {
  await requireDirectories(root, dirname(path));
  const there = await kindOf(path);
  if (there === "directory") throw new Failure(`cannot overwrite directory ${path} with a non-directory`);
  if (there === "other") await unlink(path);
}

async function requireDirectories(root: string, path: string): Promise<void> {
  if (path === root || !path.startsWith(root === "/" ? "/" : `${root}/`)) return;
  await requireDirectories(root, dirname(path));
  const there = await kindOf(path);
  if (there === "other") throw new Failure(`Cannot unpack into ${path}: it is not a directory`);
  if (there === undefined) await mkdir(path, 0o755);
}

async function kindOf(path: string): Promise<"directory" | "other" | undefined> {
  try {
    return (await lstat(path)).isDirectory() ? "directory" : "other";
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}
