/** A pull as `pull`, `run` and `create` do it: with who we are, and progress where somebody looks. */
import { printProgress } from "../progress.ts";
import type { Session } from "../session.ts";
import { authHeader } from "./credentials.ts";
import { splitPulled } from "./split-name.ts";

export type PullRequest = { platform?: string | undefined; quiet: boolean; allTags?: boolean; toError?: boolean };

export async function pullImage(session: Session, name: string, request: PullRequest): Promise<void> {
  const { repository, tag } = splitPulled(name);
  const { body } = await session.client.stream("POST", "/images/create", {
    query: {
      fromImage: repository,
      tag: request.allTags ? undefined : (tag ?? "latest"),
      platform: request.platform,
    },
    headers: await authHeader(session.env, name),
  });
  const { quiet, toError = false } = request;
  await printProgress(session, body, { quiet, ...(toError ? { lines: session.err } : {}) });
}
