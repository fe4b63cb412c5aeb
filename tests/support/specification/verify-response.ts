/** Holds every JSON answer in the tests against the specification of the Engine API. */
import { Ajv, type ValidateFunction } from "ajv";
import { findOperation, loadSpecification, type Schema, type Specification } from "./specification.ts";

const validators = new Map<string, ValidateFunction>();
let ajv: Ajv | null = null;

/** What is wrong with the answer, or null. Without the specification beside the checkout nothing is looked at. */
export function verifyResponse(method: string, path: string, status: number, json: unknown): string | null {
  const specification = loadSpecification();
  if (!specification || json === null || path.startsWith("/hbx/")) return null;
  const operation = findOperation(specification, method, path);
  if (!operation) return null;
  const described = operation.responses.get(status);
  if (described === undefined && status < 400) {
    return `${operation.key} answers ${status}, which the specification does not have`;
  }
  const schema = status >= 400 ? { $ref: "#/definitions/ErrorResponse" } : described;
  if (!schema) return null;
  const validate = validatorFor(specification, `${operation.key} ${status}`, schema);
  if (validate(json)) return null;
  const problems = (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
  return `${operation.key} ${status}: ${problems.slice(0, 8).join("; ")}`;
}

function validatorFor(specification: Specification, key: string, schema: Schema): ValidateFunction {
  const known = validators.get(key);
  if (known) return known;
  if (!ajv) {
    ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const definitions = Object.fromEntries(
      Object.entries(specification.definitions).map(([name, definition]) => [name, toJsonSchema(definition)]),
    );
    ajv.addSchema({ $id: "engine", definitions });
  }
  const made = ajv.compile(toJsonSchema(schema) as object);
  validators.set(key, made);
  return made;
}

/**
 * Swagger 2.0's dialect as JSON Schema: `x-nullable`, references into one document. Properties that are not required may
 * be null, and so may required lists and maps: that is how Docker itself writes what is empty.
 */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (typeof node !== "object" || node === null) return node;
  const { "x-nullable": nullable, example: _example, default: _default, ...rest } = node as Record<string, unknown>;
  const schema: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith("x-")) continue;
    if (key === "$ref") schema[key] = `engine${String(value)}`;
    else if (key === "properties") schema[key] = toProperties(value as Record<string, unknown>, rest["required"]);
    else schema[key] = toJsonSchema(value);
  }
  return nullable === true ? { anyOf: [schema, { type: "null" }] } : schema;
}

function toProperties(properties: Record<string, unknown>, required: unknown): Record<string, unknown> {
  const needed = new Set(Array.isArray(required) ? (required as string[]) : []);
  const entries = Object.entries(properties).map(([name, property]) => {
    const schema = toJsonSchema(property);
    const { type } = property as { type?: unknown };
    const mayBeNull = !needed.has(name) || type === "array" || type === "object";
    return [name, !mayBeNull ? schema : { anyOf: [schema, { type: "null" }] }];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}
