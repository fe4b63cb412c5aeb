/** Which file ends up where: Docker's rules of `cp`, which are those of POSIX `cp -a` with `dir/.` for the content. Pure. */
import { Failure } from "../../../cli/failure.ts";

export type Place = { container: string; path: string } | { path: string };

/** `CONTAINER:PATH`, or a path of ours: absolute, or beginning with a dot, or without a colon. */
export function parsePlace(text: string): Place {
  const colon = text.indexOf(":");
  if (colon <= 0 || text.startsWith("/") || text.startsWith(".")) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

export type Source = {
  /** The last word of its path; `.` stands for a directory's content. */
  base: string;
  isDir: boolean;
};
export type Target = { path: string; exists: boolean; isDir: boolean };

/** Where an archive is unpacked, and the name that its topmost entry gets there. */
export type Landing = { dir: string; name: string };

export function planCopy(source: Source, target: Target): Landing {
  const asDirectory = /(^|\/)\.?$/.test(target.path);
  if (target.exists && target.isDir) return { dir: target.path, name: source.base };
  if (target.exists && source.isDir) throw new Failure("cannot copy directory: the destination is a file");
  if (target.exists && asDirectory) throw new Failure(`not a directory: ${target.path}`);
  if (!source.isDir && asDirectory) throw new Failure(`no such directory: ${target.path}`);
  const path = target.path.replace(/\/+\.?$/, "");
  return { dir: directoryOf(path), name: baseOf(path) };
}

export function baseOf(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) || "/";
}

export function directoryOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "." : path.slice(0, at) || "/";
}

/** An entry's path below the topmost one: `[]` for that itself. Nothing may lead upwards. */
export function entryPath(name: string, base: string): string[] {
  const words = name.split("/").filter((word) => word !== "" && word !== ".");
  if (words.includes("..") || name.includes("\0")) throw new Failure(`Cannot unpack "${name}": its path leads upwards`);
  if (base === "." || base === "/") return words;
  if (words[0] !== base) throw new Failure(`Cannot unpack "${name}": it does not belong to ${base}`);
  return words.slice(1);
}

/** Where a symbolic link leads, as a path of the same file system. */
export function linkDestination(path: string, target: string): string {
  return target.startsWith("/") ? target : `${directoryOf(path).replace(/\/$/, "")}/${target}`;
}
