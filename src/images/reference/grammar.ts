/**
 * The grammar of image references as the distribution project publishes it: `[domain/]path[:tag][@digest]`. One
 * anchored expression; `match` gives name, tag and digest.
 */
const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domainComponent = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])`;
const domain = `${host}(?::[0-9]+)?`;
const name = `(?:${domain}/)?${pathComponent}(?:/${pathComponent})*`;
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const algorithm = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*";
const digest = `${algorithm}:[0-9a-fA-F]{32,}`;

export const referencePattern = new RegExp(`^(${name})(?::(${tag}))?(?:@(${digest}))?$`);
export const tagPattern = new RegExp(`^${tag}$`);
export const identifierPattern = /^[a-f0-9]{64}$/;

/** Longest path (without the domain) that a repository may have. */
export const maxPathLength = 255;
/** Nothing longer than this can be a reference; spares the expression hostile input. */
export const maxReferenceLength = 2048;
