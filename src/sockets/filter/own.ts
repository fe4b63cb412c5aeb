/** What belongs to a socket: by a label. Its clients can neither set nor change it, since every body passes through here. */
import type { ApiRequest } from "../../api/index.ts";
import { invalidArgument } from "../../base/errors.ts";
import type { Labelled } from "../dependencies.ts";
import { noSuchThing } from "../errors.ts";

export const ownerLabel = "hyperbox.socket";

export const isOwn = (thing: Labelled | null, socket: string): boolean => thing?.labels[ownerLabel] === socket;

/** Somebody else's looks like nobody's. */
export function requireOwn(kind: string, ref: string, thing: Labelled | null, socket: string): void {
  if (!isOwn(thing, socket)) throw noSuchThing(kind, ref);
}

/** The same request with something of it replaced. */
export function replacing(request: ApiRequest, parts: Partial<ApiRequest>): ApiRequest {
  const descriptors = Object.getOwnPropertyDescriptors(parts);
  return Object.create(request, descriptors) as ApiRequest;
}

/** The list narrowed to what is the socket's own. Docker's two forms of filters, lists and maps of true, are both taken. */
export function narrowed(request: ApiRequest, socket: string): ApiRequest {
  const query = new URLSearchParams(request.query);
  const given = query.get("filters");
  const filters = parse(given);
  const listed = Object.entries(filters).map(([key, values]) => [
    key,
    Array.isArray(values) ? values : Object.keys((values as Record<string, boolean> | null) ?? {}),
  ]);
  const all = Object.fromEntries(listed) as Record<string, unknown[]>;
  const label = [...(all["label"] ?? []), `${ownerLabel}=${socket}`];
  query.set("filters", JSON.stringify({ ...all, label }));
  return replacing(request, { query });
}

function parse(filters: string | null): Record<string, unknown> {
  if (!filters) return {};
  try {
    const value: unknown = JSON.parse(filters);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, as for JSON of another form.
  }
  throw invalidArgument("socket.bad_filters", "invalid filter: filters must be a JSON object");
}
