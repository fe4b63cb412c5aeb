/** Filters of `/events`: which events a client sees. The rules are Docker's; ids and names match by their beginning. */
import type { Filters } from "../api/index.ts";
import type { EngineEvent } from "../state/index.ts";

export const eventFilterNames = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
] as const;

type EventTest = (event: EngineEvent) => boolean;

const namedObjects = [
  "config",
  "container",
  "daemon",
  "network",
  "node",
  "plugin",
  "secret",
  "service",
  "volume",
] as const;

export function parseEventFilter(filters: Filters): EventTest {
  const tests: EventTest[] = [];
  const add = (name: string, test: (values: readonly string[], event: EngineEvent) => boolean) => {
    const values = filters.get(name) ?? [];
    if (values.length > 0) tests.push((event) => test(values, event));
  };
  add("event", (values, { Action }) => values.includes(Action) || values.includes(Action.split(":")[0] ?? ""));
  add("type", (values, { Type }) => values.includes(Type));
  add("scope", (values, { scope }) => values.includes(scope));
  for (const object of namedObjects) {
    add(object, (values, { Actor, Type }) => {
      if (Type !== object) return false;
      const name = Actor.Attributes.name ?? "";
      return values.some((value) => Actor.ID.startsWith(value) || name.startsWith(value.replace(/^\//, "")));
    });
  }
  add("image", (values, event) => imageNames(event).some((name) => values.includes(name)));
  add("label", (values, { Actor }) => values.every((value) => hasLabel(Actor.Attributes, value)));
  return (event) => tests.every((test) => test(event));
}

/** The image an event is about, with and without its tag. */
function imageNames({ Type, Actor }: EngineEvent): string[] {
  const name = Actor.Attributes[Type === "image" ? "name" : "image"] ?? "";
  const names = [Actor.ID, name].filter((item) => item !== "");
  return [...names, ...names.map((item) => item.replace(/:[^:/]*$/, ""))];
}

function hasLabel(attributes: Record<string, string>, text: string): boolean {
  const equals = text.indexOf("=");
  const key = equals === -1 ? text : text.slice(0, equals);
  return Object.hasOwn(attributes, key) && (equals === -1 || attributes[key] === text.slice(equals + 1));
}
