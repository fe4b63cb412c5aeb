/** What the daemon says of a path in a container. */
import type { Session } from "../../../cli/session.ts";
import { ApiError } from "../../../sdk/errors.ts";
import { linkDestination } from "./rules.ts";

export type PathStat = { name: string; size: number; mode: number; linkTarget: string };

/** Bits of Go's os.FileMode. */
export const isDirectory = ({ mode }: PathStat): boolean => Math.floor(mode / 2 ** 31) % 2 === 1;
export const isLink = ({ mode }: PathStat): boolean => Math.floor(mode / 2 ** 27) % 2 === 1;

export function parsePathStat(header: string | undefined): PathStat {
  return JSON.parse(Buffer.from(header ?? "", "base64").toString()) as PathStat;
}

/** Null when there is no such path. A missing container throws. */
export async function statPath(session: Session, container: string, path: string): Promise<PathStat | null> {
  const url = `/containers/${encodeURIComponent(container)}/archive`;
  try {
    const { headers, body } = await session.client.stream("HEAD", url, { query: { path } });
    for await (const _ of body);
    return parsePathStat(headers.get("x-docker-container-path-stat"));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  // A HEAD answer has no text: whether the container or the path is missing is asked apart.
  await session.client.text("GET", `/containers/${encodeURIComponent(container)}/json`);
  return null;
}

/** The same, at the end of a chain of links. `path` is where that is. */
export async function statThroughLinks(
  session: Session,
  container: string,
  start: string,
): Promise<{ path: string; stat: PathStat | null }> {
  let path = start;
  for (let steps = 0; steps < 40; steps++) {
    const stat = await statPath(session, container, path);
    if (!stat || !isLink(stat) || stat.linkTarget === "") return { path, stat };
    path = linkDestination(path.replace(/\/+$/, ""), stat.linkTarget);
  }
  return { path, stat: null };
}
