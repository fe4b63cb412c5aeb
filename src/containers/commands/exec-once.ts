/** `exec` without a terminal: one request creates, starts and tells the exit code. */
import type { Session } from "../../cli/session.ts";
import { carryInput } from "./attached-streams.ts";
import { carryWithStatus, daemonGone } from "./status-stream.ts";

export async function execOnce(
  session: Session,
  container: string,
  body: { AttachStdin: boolean } & Record<string, unknown>,
): Promise<number> {
  const path = `/hbx/v1/containers/${encodeURIComponent(container)}/exec`;
  const { raw } = await session.client.hijack(path, { json: body });
  if (body.AttachStdin) void carryInput(raw);
  let exitCode: number | undefined;
  await carryWithStatus(session, raw, (status) => {
    if (typeof status["ExitCode"] === "number") exitCode = status["ExitCode"];
  });
  raw.close();
  if (exitCode === undefined) throw daemonGone("command", "`hbx top` shows whether it still runs");
  return exitCode;
}
