/** Tokens to a tree. */
import { lexTemplate, type Piece, TemplateError, type Token } from "./lex.ts";

export type Operand =
  | { kind: "dot" }
  | { kind: "literal"; value: unknown }
  | { kind: "variable"; name: string; at: number }
  | { kind: "call"; name: string; at: number }
  | { kind: "group"; pipeline: Pipeline };
/** An operand and the fields that follow it: `.A.B`, `$x.A`, `(index . 0).Name`. */
export type Term = { operand: Operand; fields: string[]; at: number };
export type Command = { terms: Term[] };
export type Pipeline = { commands: Command[]; declares: string[]; assigns: boolean };

export type Node =
  | { kind: "text"; text: string }
  | { kind: "print"; pipeline: Pipeline }
  | { kind: "if" | "with" | "range"; pipeline: Pipeline; body: Node[]; otherwise: Node[] }
  | { kind: "break" | "continue" };

export function parseTemplate(text: string): Node[] {
  const parser = { pieces: lexTemplate(text), next: 0, text };
  const { nodes, end } = parseList(parser);
  if (end) throw new TemplateError(`unexpected {{${end.word}}}`, text, end.at);
  return nodes;
}

type Parser = { pieces: Piece[]; next: number; text: string };
type End = { word: "end" | "else"; tokens: Token[]; at: number };

function parseList(parser: Parser): { nodes: Node[]; end: End | null } {
  const nodes: Node[] = [];
  for (let piece = parser.pieces[parser.next]; piece; piece = parser.pieces[parser.next]) {
    parser.next += 1;
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const tokens = trim(piece.tokens);
    const word = tokens[0]?.kind === "word" ? tokens[0].text : "";
    if (word === "end" || word === "else") return { nodes, end: { word, tokens: trim(tokens.slice(1)), at: piece.at } };
    nodes.push(parseAction(parser, word, tokens, piece.at));
  }
  return { nodes, end: null };
}

function parseAction(parser: Parser, word: string, tokens: Token[], at: number): Node {
  if (word === "if" || word === "with" || word === "range") return parseBlock(parser, word, trim(tokens.slice(1)), at);
  if (word === "break" || word === "continue") return { kind: word };
  if (word === "define" || word === "template" || word === "block") {
    throw new TemplateError(`{{${word}}} is not supported: write its content in its place`, parser.text, at);
  }
  return { kind: "print", pipeline: parsePipeline(tokens, parser.text, at) };
}

function parseBlock(parser: Parser, kind: "if" | "with" | "range", tokens: Token[], at: number): Node {
  const pipeline = parsePipeline(tokens, parser.text, at);
  const { nodes: body, end } = parseList(parser);
  if (!end) throw new TemplateError(`unexpected EOF: {{${kind}}} without {{end}}`, parser.text, at);
  if (end.word === "end") return { kind, pipeline, body, otherwise: [] };
  const chained = end.tokens[0]?.kind === "word" ? end.tokens[0].text : "";
  if (chained === "if" || chained === "with") {
    return { kind, pipeline, body, otherwise: [parseBlock(parser, chained, trim(end.tokens.slice(1)), end.at)] };
  }
  const { nodes: otherwise, end: last } = parseList(parser);
  if (last?.word !== "end") throw new TemplateError(`unexpected EOF: {{${kind}}} without {{end}}`, parser.text, at);
  return { kind, pipeline, body, otherwise };
}

function trim(tokens: Token[]): Token[] {
  const first = tokens.findIndex(({ kind }) => kind !== "space");
  const last = tokens.findLastIndex(({ kind }) => kind !== "space");
  return first < 0 ? [] : tokens.slice(first, last + 1);
}

const isSymbol = (token: Token | undefined, text: string): boolean => token?.kind === "symbol" && token.text === text;

function parsePipeline(tokens: Token[], text: string, at: number): Pipeline {
  const { names, assigns, rest } = parseDeclaration(tokens);
  const commands = splitAtTop(rest, "|").map((part) => parseCommand(trim(part), text, at));
  return { commands, declares: names, assigns };
}

/** `$x := …`, `$i, $x := …`, `$x = …`. */
function parseDeclaration(tokens: Token[]): { names: string[]; assigns: boolean; rest: Token[] } {
  const at = tokens.findIndex((token) => isSymbol(token, ":=") || isSymbol(token, "="));
  if (at < 0) return { names: [], assigns: false, rest: tokens };
  const names = tokens.slice(0, at).flatMap((token) => (token.kind === "variable" ? [token.text] : []));
  return { names, assigns: isSymbol(tokens[at], "="), rest: trim(tokens.slice(at + 1)) };
}

function splitAtTop(tokens: Token[], symbol: string): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, "(")) depth += 1;
    if (isSymbol(token, ")")) depth -= 1;
    if (depth === 0 && isSymbol(token, symbol)) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function parseCommand(tokens: Token[], text: string, at: number): Command {
  if (tokens.length === 0) throw new TemplateError("missing value for command", text, at);
  const terms: Term[] = [];
  let next = 0;
  while (next < tokens.length) {
    const token = tokens[next];
    if (!token || token.kind === "space") {
      next += 1;
      continue;
    }
    const { operand, used } = parseOperand(tokens, next, text);
    next += used;
    const fields: string[] = token.kind === "field" ? [token.text] : [];
    for (let field = tokens[next]; field?.kind === "field"; field = tokens[next]) {
      fields.push(field.text);
      next += 1;
    }
    terms.push({ operand, fields, at: token.at });
  }
  return { terms };
}

function parseOperand(tokens: Token[], next: number, text: string): { operand: Operand; used: number } {
  const token = tokens[next] as Token;
  switch (token.kind) {
    case "field":
      return { operand: { kind: "dot" }, used: 1 };
    case "variable":
      return { operand: { kind: "variable", name: token.text, at: token.at }, used: 1 };
    case "string":
    case "number":
      return { operand: { kind: "literal", value: token.value }, used: 1 };
    case "word": {
      const constants: Record<string, unknown> = { true: true, false: false, nil: null };
      if (token.text in constants) return { operand: { kind: "literal", value: constants[token.text] }, used: 1 };
      return { operand: { kind: "call", name: token.text, at: token.at }, used: 1 };
    }
    case "symbol":
      if (token.text === ".") return { operand: { kind: "dot" }, used: 1 };
      if (token.text === "(") return parseGroup(tokens, next, text);
  }
  throw new TemplateError(
    `unexpected ${JSON.stringify("text" in token ? token.text : " ")} in operand`,
    text,
    token.at,
  );
}

function parseGroup(tokens: Token[], start: number, text: string): { operand: Operand; used: number } {
  let depth = 0;
  for (let at = start; at < tokens.length; at += 1) {
    if (isSymbol(tokens[at], "(")) depth += 1;
    if (isSymbol(tokens[at], ")")) depth -= 1;
    if (depth > 0) continue;
    const inner = trim(tokens.slice(start + 1, at));
    return {
      operand: { kind: "group", pipeline: parsePipeline(inner, text, tokens[start]?.at ?? 0) },
      used: at - start + 1,
    };
  }
  throw new TemplateError("unclosed left paren", text, tokens[start]?.at ?? 0);
}
