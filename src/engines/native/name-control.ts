/** A connection to the name service of the home. */
import { openConnection } from "./connection.ts";
import { type Control, createControl } from "./control.ts";
import { failureMessage } from "./failure-message.ts";
import type { NamesRequest } from "./protocol.ts";

export async function openNameControl(path: string): Promise<Control<NamesRequest>> {
  const connection = await openConnection(path);
  return createControl<NamesRequest>(connection, () => undefined, failureMessage);
}
