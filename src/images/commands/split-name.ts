/** `host:5000/name:tag` → repository and tag; a colon before a slash belongs to the host. */
export function splitName(name: string): { repo: string; tag: string | undefined } {
  const colon = name.lastIndexOf(":");
  if (colon < 0 || name.indexOf("/", colon) >= 0) return { repo: name, tag: undefined };
  return { repo: name.slice(0, colon), tag: name.slice(colon + 1) };
}
