/** The ids of a container's configured user, for files that are to be given to it. Null: none is configured. */
import type { RootRef } from "../../engines/index.ts";
import { invalid } from "../errors.ts";
import type { Context } from "../model/context.ts";

export type Ids = { uid: number; gid: number };

/** `user` as Docker takes it; names are looked up in the container's own databases. */
export async function ownerOf(context: Context, root: RootRef, user: string): Promise<Ids | null> {
  if (user === "") return null;
  const [name = "", group] = user.split(":");
  const passwd = findUser(await readFile(context, root, "/etc/passwd"), name);
  const uid = passwd?.uid ?? numeric(name);
  if (uid === null) throw invalid("unknown_user", `Cannot copy files for user ${name}: the container has no such user`);
  if (group === undefined) return { uid, gid: passwd?.gid ?? 0 };
  const gid = numeric(group) ?? findGroup(await readFile(context, root, "/etc/group"), group);
  if (gid === null)
    throw invalid("unknown_group", `Cannot copy files for group ${group}: the container has no such group`);
  return { uid, gid };
}

const numeric = (text: string): number | null => (/^\d{1,10}$/.test(text) ? Number(text) : null);

export function findUser(passwd: string, name: string): Ids | null {
  for (const line of passwd.split("\n")) {
    const [user, , uid = "", gid = ""] = line.split(":");
    if ((user === name || uid === name) && /^\d+$/.test(uid)) return { uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

export function findGroup(groups: string, name: string): number | null {
  for (const line of groups.split("\n")) {
    const [group, , gid = ""] = line.split(":");
    if (group === name && /^\d+$/.test(gid)) return Number(gid);
  }
  return null;
}

const blockBytes = 512;
const maxFileBytes = 1 << 20;

/** A small text file, out of the tar a job answers with; empty when it is not there. */
async function readFile(context: Context, root: RootRef, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of context.jobs.stream({ t: "treeTar", root, path, followTarget: true })) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > maxFileBytes) break;
    }
  } catch {
    return "";
  }
  const tar = Buffer.concat(chunks);
  const length = Number.parseInt(tar.toString("latin1", 124, 135).trim(), 8);
  return Number.isInteger(length) ? tar.toString("utf8", blockBytes, blockBytes + length) : "";
}
