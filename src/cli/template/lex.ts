/** Splits a Go template into text and the tokens of its actions. */

export type Token =
  | { kind: "field" | "variable" | "word"; text: string; at: number }
  | { kind: "string"; value: string; at: number }
  | { kind: "number"; value: number; at: number }
  | { kind: "symbol"; text: "(" | ")" | "|" | "." | ":=" | "=" | ","; at: number }
  /** White space between arguments; a field glued to what is before it belongs to that. */
  | { kind: "space"; at: number };

export type Piece = { kind: "text"; text: string } | { kind: "action"; tokens: Token[]; at: number };

export class TemplateError extends Error {
  constructor(message: string, text: string, at: number) {
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    super(`template parsing error: template: :${line}:${at - before.lastIndexOf("\n") - 1}: ${message}`);
    this.name = "TemplateError";
  }
}

export function lexTemplate(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at < text.length) {
    const open = text.indexOf("{{", at);
    let plain = text.slice(at, open < 0 ? text.length : open);
    if (trimNext) plain = plain.trimStart();
    if (open < 0) {
      pieces.push({ kind: "text", text: plain });
      break;
    }
    let start = open + 2;
    if (/^-\s/.test(text.slice(start, start + 2))) {
      plain = plain.trimEnd();
      start += 1;
    }
    if (plain !== "") pieces.push({ kind: "text", text: plain });
    const end = findEnd(text, start);
    let stop = end;
    trimNext = /\s-$/.test(text.slice(start, end));
    if (trimNext) stop -= 1;
    const body = text.slice(start, stop);
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(body))
      pieces.push({ kind: "action", tokens: lexAction(text, start, stop), at: open });
    at = end + 2;
  }
  return pieces;
}

/** The closing braces, those inside of strings and comments left alone. */
function findEnd(text: string, start: number): number {
  const comment = /^\s*\/\*/.exec(text.slice(start));
  if (comment) {
    const end = text.indexOf("*/", start);
    const close = end < 0 ? -1 : text.indexOf("}}", end);
    if (close < 0) throw new TemplateError("unclosed comment", text, start);
    return close;
  }
  for (let at = start; at < text.length; at += 1) {
    const c = text[at];
    if (c === '"' || c === "`" || c === "'") at = endOfString(text, at) - 1;
    else if (text.startsWith("}}", at)) return at;
  }
  throw new TemplateError("unclosed action", text, start);
}

function endOfString(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\" && quote !== "`") at += 1;
    else if (text[at] === quote) return at + 1;
  }
  throw new TemplateError("unterminated quoted string", text, start);
}

function lexAction(text: string, start: number, stop: number): Token[] {
  const tokens: Token[] = [];
  let at = start;
  while (at < stop) {
    const rest = text.slice(at, stop);
    const space = /^\s+/.exec(rest);
    if (space) {
      tokens.push({ kind: "space", at });
      at += space[0].length;
      continue;
    }
    const token = lexToken(text, rest, at);
    tokens.push(token.token);
    at += token.length;
  }
  return tokens;
}

function lexToken(text: string, rest: string, at: number): { token: Token; length: number } {
  const first = rest[0] ?? "";
  if (first === '"' || first === "`" || first === "'") {
    const length = endOfString(text, at) - at;
    const raw = text.slice(at, at + length);
    if (first === "'")
      return { token: { kind: "number", value: unquote(raw, text, at).codePointAt(0) ?? 0, at }, length };
    return { token: { kind: "string", value: first === "`" ? raw.slice(1, -1) : unquote(raw, text, at), at }, length };
  }
  const match =
    /^\.[\p{L}_][\p{L}\p{N}_]*/u.exec(rest) ??
    /^\$[\p{L}\p{N}_]*/u.exec(rest) ??
    /^[+-]?(?:0x[0-9a-f]+|\d+(?:\.\d+)?)/i.exec(rest) ??
    /^[\p{L}_][\p{L}\p{N}_]*/u.exec(rest) ??
    /^(?::=|[()|.=,])/.exec(rest);
  if (!match) throw new TemplateError(`unexpected ${JSON.stringify(first)} in action`, text, at);
  const word = match[0];
  const length = word.length;
  if (/^\.[^.]/.test(word)) return { token: { kind: "field", text: word.slice(1), at }, length };
  if (word.startsWith("$")) return { token: { kind: "variable", text: word, at }, length };
  if (/^[+-]?\d/.test(word)) return { token: { kind: "number", value: Number(word), at }, length };
  if (/^[\p{L}_]/u.test(word)) return { token: { kind: "word", text: word, at }, length };
  return { token: { kind: "symbol", text: word as "(", at }, length };
}

function unquote(raw: string, text: string, at: number): string {
  const escapes: Record<string, string> = {
    n: "\n",
    t: "\t",
    r: "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
    a: "\x07",
    b: "\b",
    f: "\f",
    v: "\v",
  };
  return raw
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g, (_, code: string) => {
      const kind = code[0] ?? "";
      if (/^[xuU]/.test(code) && code.length > 1) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
      if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
      const found = escapes[kind];
      if (found === undefined) throw new TemplateError(`unknown escape \\${code}`, text, at);
      return found;
    });
}
