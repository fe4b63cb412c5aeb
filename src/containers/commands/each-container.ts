/** Verbs that do one thing to each named container: go on after a failure, print what worked, exit 1 if any failed. */
import { reportFailure } from "../../cli/report-failure.ts";
import type { Session } from "../../cli/session.ts";

export async function eachContainer(
  session: Session,
  names: readonly string[],
  act: (path: string, name: string) => Promise<unknown>,
): Promise<number> {
  let code = 0;
  const outcomes = names.map(async (name) => act(`/containers/${encodeURIComponent(name)}`, name));
  for (const [index, outcome] of outcomes.entries()) {
    outcome.catch(() => undefined);
    try {
      await outcome;
      session.out.line(names[index] ?? "");
    } catch (error) {
      code = reportFailure(error, session.err);
    }
  }
  return code;
}
