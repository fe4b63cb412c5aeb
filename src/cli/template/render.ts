/** Runs a parsed template over a value. */
import { functions, lazyFunctions } from "./functions.ts";
import { type Command, type Node, type Pipeline, parseTemplate, type Term } from "./parse.ts";
import { formatValue, isTrue, typeName } from "./values.ts";

export type Template = {
  /** Throws an Error with Go's words when a field is missing or a function fails. */
  render(data: unknown): string;
};

export function compileTemplate(text: string): Template {
  const nodes = parseTemplate(text);
  return {
    render(data) {
      const scope: Scope = { variables: [["$", data]], out: [] };
      run(nodes, data, scope);
      return scope.out.join("");
    },
  };
}

type Scope = { variables: [string, unknown][]; out: string[] };
type Block = Extract<Node, { pipeline: Pipeline; body: Node[] }>;
type Flow = "next" | "break" | "continue";

function run(nodes: readonly Node[], dot: unknown, scope: Scope): Flow {
  for (const node of nodes) {
    if (node.kind === "text") scope.out.push(node.text);
    else if (node.kind === "print") {
      const value = evaluate(node.pipeline, dot, scope);
      if (node.pipeline.declares.length === 0) scope.out.push(formatValue(value));
    } else if (!("body" in node)) return node.kind;
    else {
      const depth = scope.variables.length;
      const flow = runBlock(node, dot, scope);
      scope.variables.length = depth;
      if (flow !== "next") return flow;
    }
  }
  return "next";
}

function runBlock(node: Block, dot: unknown, scope: Scope): Flow {
  if (node.kind === "range") return runRange(node, dot, scope);
  const value = evaluate(node.pipeline, dot, scope);
  if (!isTrue(value)) return run(node.otherwise, dot, scope);
  return run(node.body, node.kind === "with" ? value : dot, scope);
}

function runRange(node: Block, dot: unknown, scope: Scope): Flow {
  const { pipeline, body, otherwise } = node;
  const value = evaluate({ ...pipeline, declares: [] }, dot, scope);
  const entries = entriesOf(value);
  if (entries.length === 0) return run(otherwise, dot, scope);
  for (const [key, item] of entries) {
    const depth = scope.variables.length;
    const [first, second] = pipeline.declares;
    if (second !== undefined) scope.variables.push([first ?? "", key], [second, item]);
    else if (first !== undefined) scope.variables.push([first, item]);
    const flow = run(body, item, scope);
    scope.variables.length = depth;
    if (flow === "break") break;
  }
  return "next";
}

function entriesOf(value: unknown): [unknown, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  if (typeof value === "number") return Array.from({ length: value }, (_, index) => [index, index]);
  if (typeof value === "object") return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new Error(`range can't iterate over ${formatValue(value)}`);
}

function evaluate(pipeline: Pipeline, dot: unknown, scope: Scope): unknown {
  let value: unknown;
  pipeline.commands.forEach((command, index) => {
    value = index === 0 ? call(command, dot, scope, []) : call(command, dot, scope, [value]);
  });
  for (const name of pipeline.declares) {
    if (pipeline.assigns) {
      const found = scope.variables.findLast(([known]) => known === name);
      if (!found) throw new Error(`undefined variable "${name}"`);
      found[1] = value;
    } else scope.variables.push([name, value]);
  }
  return value;
}

function call({ terms }: Command, dot: unknown, scope: Scope, piped: unknown[]): unknown {
  const [head, ...rest] = terms;
  if (!head) return undefined;
  const args = (): unknown[] => [...rest.map((term) => termValue(term, dot, scope)), ...piped];
  if (head.operand.kind === "call") {
    const { name } = head.operand;
    if (lazyFunctions.has(name)) return lazily(name, rest, dot, scope, piped);
    const function_ = functions[name];
    if (!function_) throw new Error(`function "${name}" not defined`);
    return fieldsOf(function_(...args()), head, scope);
  }
  const value = termValue(head, dot, scope, true);
  if (typeof value === "function") return value(...args());
  if (rest.length + piped.length > 0) throw new Error(`can't give argument to non-function ${nameOf(head)}`);
  return value;
}

function lazily(name: string, terms: Term[], dot: unknown, scope: Scope, piped: unknown[]): unknown {
  let value: unknown;
  for (const term of terms) {
    value = termValue(term, dot, scope);
    if (isTrue(value) === (name === "or")) return value;
  }
  return piped.length > 0 ? piped[0] : value;
}

function termValue(term: Term, dot: unknown, scope: Scope, keepFunction = false): unknown {
  const value = fieldsOf(operandOf(term, dot, scope), term, scope);
  return typeof value === "function" && !keepFunction ? value() : value;
}

function operandOf({ operand }: Term, dot: unknown, scope: Scope): unknown {
  switch (operand.kind) {
    case "dot":
      return dot;
    case "literal":
      return operand.value;
    case "variable": {
      const found = scope.variables.findLast(([name]) => name === operand.name);
      if (!found) throw new Error(`undefined variable "${operand.name}"`);
      return found[1];
    }
    case "group":
      return evaluate(operand.pipeline, dot, scope);
    case "call": {
      const function_ = functions[operand.name];
      if (!function_) throw new Error(`function "${operand.name}" not defined`);
      return function_();
    }
  }
}

function fieldsOf(start: unknown, term: Term, _scope: Scope): unknown {
  let value = start;
  for (const field of term.fields) {
    if (typeof value === "function") value = value();
    if (value === null || value === undefined) throw new Error(`nil pointer evaluating ${nameOf(term)}`);
    if (typeof value !== "object" || Array.isArray(value)) {
      throw new Error(`can't evaluate field ${field} in type ${typeName(value)}`);
    }
    if (!Object.hasOwn(value, field)) throw new Error(`map has no entry for key "${field}"`);
    value = (value as Record<string, unknown>)[field];
  }
  return value;
}

function nameOf({ operand, fields }: Term): string {
  const head = operand.kind === "variable" ? operand.name : operand.kind === "call" ? operand.name : "";
  return `${head}${fields.map((field) => `.${field}`).join("")}` || ".";
}
