/** Asks before something is removed for good. Without a terminal there is nobody to ask: the answer is no. */
import { createInterface } from "node:readline/promises";
import type { Session } from "./session.ts";

export async function confirm(session: Session, warning: string): Promise<boolean> {
  await session.err.write(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  await session.err.flush();
  const reader = createInterface({ input: process.stdin });
  try {
    for await (const line of reader) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    reader.close();
  }
}
