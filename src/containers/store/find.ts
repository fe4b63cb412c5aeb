/** Finds a container by what a person typed, in Docker's order: whole id, name, id prefix. */
import { ambiguousId, noSuchContainer } from "../errors.ts";
import type { Container } from "../model/container.ts";

export function findContainer(
  all: ReadonlyMap<string, Container>,
  names: ReadonlyMap<string, Container>,
  ref: string,
): Container {
  const exact = all.get(ref) ?? names.get(ref.startsWith("/") ? ref.slice(1) : ref);
  if (exact) return exact;
  if (!/^[0-9a-f]{1,64}$/.test(ref)) throw noSuchContainer(ref);
  let found: Container | undefined;
  for (const [id, container] of all) {
    if (!id.startsWith(ref)) continue;
    if (found) throw ambiguousId(ref);
    found = container;
  }
  if (!found) throw noSuchContainer(ref);
  return found;
}
