/** Docker's Engine API v1.51 as data: which operations there are, and what each may take and answer. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "../../../../shared/reference/docker-engine-api-v1.51.yaml");

export type Schema = { readonly [key: string]: unknown };
export type Parameter = {
  name: string;
  in: "path" | "query" | "header" | "body";
  required?: boolean;
  type?: string;
  schema?: Schema;
};
export type Operation = {
  /** `GET /containers/{id}/json` */
  key: string;
  method: string;
  path: string;
  matches(path: string): boolean;
  parameters: readonly Parameter[];
  /** By status; null where the answer has no body that is described. */
  responses: ReadonlyMap<number, Schema | null>;
};
export type Specification = { operations: readonly Operation[]; definitions: Readonly<Record<string, Schema>> };

type RawOperation = {
  parameters?: Parameter[];
  responses: Record<string, { schema?: Schema }>;
};
type RawSpecification = {
  paths: Record<string, Record<string, RawOperation>>;
  definitions: Record<string, Schema>;
};

let loaded: Specification | null | undefined;

/** Null where the reference does not lie beside the checkout. */
export function loadSpecification(): Specification | null {
  if (loaded === undefined) loaded = existsSync(file) ? readSpecification(readFileSync(file, "utf8")) : null;
  return loaded;
}

function readSpecification(text: string): Specification {
  const raw = Bun.YAML.parse(text) as RawSpecification;
  const operations = Object.entries(raw.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, operation]) => readOperation(name.toUpperCase(), path, operation)),
  );
  return { operations, definitions: raw.definitions };
}

function readOperation(method: string, path: string, { parameters = [], responses }: RawOperation): Operation {
  const pattern = path
    .split("/")
    .map((part) => (part === "{name}" && /^\/(images|distribution|plugins)\//.test(path) ? ".+" : part))
    .map((part) => (part.startsWith("{") ? "[^/]+" : part))
    .join("/");
  const expression = new RegExp(`^(?:/v1\\.\\d+)?${pattern}$`);
  return {
    key: `${method} ${path}`,
    method,
    path,
    matches: (asked) => expression.test(asked),
    parameters,
    responses: new Map(Object.entries(responses).map(([status, { schema }]) => [Number(status), schema ?? null])),
  };
}

/** The operation that a request is for: the one with the fewest placeholders where several fit. */
export function findOperation({ operations }: Specification, method: string, path: string): Operation | null {
  const placeholders = ({ path }: Operation) => path.split("{").length;
  const found = operations.filter((operation) => operation.method === method && operation.matches(path));
  return found.sort((a, b) => placeholders(a) - placeholders(b))[0] ?? null;
}
