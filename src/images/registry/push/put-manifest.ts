/** A manifest under a tag or its digest, with the bytes that it has. */
import { pullScope, type RegistryClient, refused, statusOf } from "../client.ts";
import type { Content } from "../content/manifest.ts";
import { badAnswer } from "../errors.ts";

export async function putManifest(
  client: RegistryClient,
  content: Content,
  reference: string,
  signal: AbortSignal,
): Promise<void> {
  const { path } = client.repository;
  const answer = await client.call({
    method: "PUT",
    path: `${path}/manifests/${reference}`,
    headers: { "Content-Type": content.mediaType },
    body: content.bytes,
    scopes: [pullScope(path, true)],
    signal,
  });
  if (answer.status !== 201 && answer.status !== 200 && answer.status !== 202) throw await refused(answer);
  answer.drop();
  const digest = answer.headers.get("docker-content-digest");
  if (digest !== null && digest !== content.digest)
    throw badAnswer(answer.url, `it took the manifest ${content.digest} as ${digest}`);
}

export function isDenied(error: unknown): boolean {
  const status = statusOf(error);
  return status === 401 || status === 403 || (error as { code?: string }).code === "registry.unauthorized";
}
