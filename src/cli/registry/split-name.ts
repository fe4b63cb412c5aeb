/** `host:5000/name:tag` → repository and tag; a colon before a slash belongs to the host. */
export function splitName(name: string): { repo: string; tag: string | undefined } {
  const colon = name.lastIndexOf(":");
  if (colon < 0 || name.indexOf("/", colon) >= 0) return { repo: name, tag: undefined };
  return { repo: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** The same with `name@sha256:…`, whose digest stands for the tag. */
export function splitPulled(name: string): { repository: string; tag: string | null } {
  const at = name.indexOf("@");
  if (at >= 0) return { repository: splitName(name.slice(0, at)).repo, tag: name.slice(at + 1) };
  const { repo, tag } = splitName(name);
  return { repository: repo, tag: tag ?? null };
}

/** `docker.io/library/alpine:latest` for `alpine`: what a pull prints at its end. */
export function fullName(name: string, withoutTag: boolean): string {
  const { repository, tag } = splitPulled(name);
  const slash = repository.indexOf("/");
  const first = slash < 0 ? "" : repository.slice(0, slash);
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const rest = isHost ? repository.slice(slash + 1) : repository;
  const host = !isHost || first === "index.docker.io" ? "docker.io" : first;
  const path = host === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  if (withoutTag) return `${host}/${path}`;
  return `${host}/${path}${tag?.includes(":") ? "@" : ":"}${tag ?? "latest"}`;
}
