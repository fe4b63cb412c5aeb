/** `inspect` of any kind of object: one JSON array, or a template for each; what is missing is said, the rest is shown. */
import { ApiError } from "../sdk/errors.ts";
import { renderOne } from "./format-list.ts";
import type { Session } from "./session.ts";

/** Finds one object by what the user calls it. Throws ApiError 404 when there is none. */
export type Lookup = (name: string) => Promise<unknown>;

export async function inspectAll(
  session: Session,
  names: readonly string[],
  format: string | undefined,
  find: Lookup,
): Promise<number> {
  const found: unknown[] = [];
  const missing: string[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      missing.push(error.message);
    }
  }
  if (format === undefined || format === "") void session.out.write(`${JSON.stringify(found, null, 4)}\n`);
  else for (const object of found) session.out.line(renderOne(format, object));
  await session.out.flush();
  for (const message of missing) session.err.line(`hbx: ${message}`);
  return missing.length > 0 ? 1 : 0;
}
