/** `WWW-Authenticate` (RFC 9110, 11.6.1) as untrusted text: one header may hold several challenges. */

export type Challenge = {
  /** In lower case. */
  scheme: string;
  /** Names in lower case; of a name given twice the first counts. */
  parameters: ReadonlyMap<string, string>;
};

const maxLength = 8192;
const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const token68 = /[-A-Za-z0-9._~+/]+=*(?=\s*(?:,|$))/y;
const separators = /[\s,]*/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/sy;
const bare = /[^\s,"]+/y;

/** What cannot be read ends the list; what came before it stays. */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, maxLength);
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at += match[0].length;
    return match;
  };
  for (;;) {
    take(separators);
    const name = take(token)?.[0];
    if (name === undefined) return found;
    const current = found.at(-1);
    if (current !== undefined && take(equals)) {
      const value = take(quoted)?.[1]?.replace(/\\(.)/gs, "$1") ?? take(bare)?.[0];
      if (value === undefined) return found;
      const key = name.toLowerCase();
      if (!current.parameters.has(key)) current.parameters.set(key, value);
    } else {
      found.push({ scheme: name.toLowerCase(), parameters: new Map() });
      const space = /[ \t]+/y;
      // `Negotiate abc==`: a single value without a name. `a=b` is a parameter.
      if (take(space)) take(token68);
    }
  }
}
