/** Cases made from the specification: every operation with what can be wrong about its path, its query and its body. */
import type { Operation, Parameter, Schema, Specification } from "../../support/specification/specification.ts";
import type { Case } from "./case.ts";

/** What is refused as a whole has nothing to compare; streams are looked at by tests of their own. */
const left =
  /^(GET|POST|PUT|DELETE|HEAD) \/(swarm|nodes|services|tasks|secrets|configs|plugins|session|grpc|build|auth|distribution|events|volumes\/\{name\}$|images\/(search|create|load|get)|images\/\{name\}\/(push|get))/;

export function generateCases(specification: Specification): Case[] {
  return specification.operations
    .filter(({ key }) => !left.test(key) || key === "GET /volumes/{name}" || key === "DELETE /volumes/{name}")
    .flatMap((operation) => [
      ...notFound(operation),
      ...badQueries(specification, operation),
      ...badBodies(specification, operation),
    ]);
}

const asked = ({ path }: Operation): string => path.replace(/\{[^}]+\}/g, "{it}");

function notFound(operation: Operation): Case[] {
  if (!operation.path.includes("{")) return [];
  const { method, key } = operation;
  const body = operation.parameters.some((one) => one.in === "body") ? { body: {} } : {};
  const query = operation.parameters.find((one) => one.in === "query" && one.required);
  const path = query ? `${asked(operation)}?${query.name}=x` : asked(operation);
  return [{ title: `${key}: of something that is not there`, fixture: "none", method, path, ...body }];
}

/** Something that is there, so that the query is what is wrong. */
const fixtureOf = ({ path }: Operation): Case["fixture"] => {
  if (path.startsWith("/containers/{")) return "created";
  if (path.startsWith("/volumes/{")) return "volume";
  return path.startsWith("/networks/{") ? "none" : "none";
};

const wrongValues: Record<string, readonly string[]> = {
  integer: ["abc", "-5", ""],
  boolean: ["maybe", "1", "false"],
};

function badQueries(_specification: Specification, operation: Operation): Case[] {
  const { method, key, parameters } = operation;
  if (method !== "GET") return [];
  const cases: Case[] = [];
  for (const { name, in: place, type = "" } of parameters) {
    if (place !== "query" || /follow|stream$/.test(name) || /archive|export|logs|attach|stats/.test(key)) continue;
    const values = name === "filters" ? ["{", "[]", '{"nothing":{"a":true}}', '{"label":5}', "{}"] : wrongValues[type];
    for (const value of values ?? []) {
      const path = `${asked(operation)}?${name}=${encodeURIComponent(value)}`;
      cases.push({ title: `${key}: ${name}=${value || "(empty)"}`, fixture: fixtureOf(operation), method, path });
    }
  }
  return cases;
}

function badBodies(specification: Specification, operation: Operation): Case[] {
  const { method, key } = operation;
  const parameter = operation.parameters.find((one) => one.in === "body");
  if (!parameter?.schema || parameter.schema["type"] === "string") return [];
  const path = pathWithQuery(operation);
  const fixture = key.startsWith("POST /containers/{id}/update") ? "created" : fixtureOf(operation);
  const send = (title: string, body: unknown, more: Partial<Case> = {}): Case => {
    return { title: `${key}: ${title}`, fixture, method, path, body, ...more };
  };
  const wholes = [
    send("a body that is cut off", "{"),
    send("a body that is no object", "[1]"),
    send("an empty body", ""),
    send("a body of another type", "{}", { contentType: "text/plain" }),
    send("two bodies", "{}{}"),
  ];
  const base = needed[key] ?? {};
  const fields = propertiesOf(specification, parameter.schema, []);
  return [
    ...wholes,
    ...fields.map(([place, schema]) =>
      send(`${place.join(".")} of a wrong type`, withField(base, place, wrongType(specification, schema))),
    ),
  ];
}

const needed: Record<string, Record<string, unknown>> = {
  "POST /containers/create": { Image: "hyperbox/base", Cmd: ["true"] },
  "POST /containers/{id}/exec": { Cmd: ["true"] },
  "POST /networks/create": { Name: "case-network" },
  "POST /volumes/create": { Name: "case-volume" },
};

function pathWithQuery(operation: Operation): string {
  const query = operation.parameters.find((one: Parameter) => one.in === "query" && one.required);
  return query ? `${asked(operation)}?${query.name}=x` : asked(operation);
}

type Field = [place: string[], schema: Schema];

/** Every property, and those of the objects in it that have properties of their own. */
function propertiesOf(specification: Specification, schema: Schema, place: string[]): Field[] {
  const resolved = resolve(specification, schema);
  const parts = (resolved["allOf"] as Schema[] | undefined) ?? [];
  const own = Object.entries((resolved["properties"] as Record<string, Schema> | undefined) ?? {});
  return [
    ...parts.flatMap((part) => propertiesOf(specification, part, place)),
    ...own.flatMap(([name, property]): Field[] => {
      const here: Field = [[...place, name], property];
      return place.length < 1 ? [here, ...propertiesOf(specification, property, [...place, name])] : [here];
    }),
  ];
}

function resolve({ definitions }: Specification, schema: Schema): Schema {
  const { $ref } = schema as { $ref?: string };
  return $ref === undefined ? schema : (definitions[$ref.replace("#/definitions/", "")] ?? {});
}

function wrongType(specification: Specification, schema: Schema): unknown {
  const resolved = resolve(specification, schema);
  const type = resolved["type"] ?? (resolved["properties"] || resolved["allOf"] ? "object" : "string");
  return type === "string" ? 5 : "wrong";
}

function withField(
  base: Record<string, unknown>,
  [name = "", ...rest]: string[],
  value: unknown,
): Record<string, unknown> {
  if (rest.length === 0) return { ...base, [name]: value };
  return { ...base, [name]: withField((base[name] as Record<string, unknown> | undefined) ?? {}, rest, value) };
}
