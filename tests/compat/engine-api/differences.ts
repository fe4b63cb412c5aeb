/** Where we answer otherwise than Docker, on purpose. A difference that is not in this list fails a test. */
export type Difference = { case: RegExp; line: RegExp; reason: string };

const mistake = "what is wrong with a request is the client's mistake: 400, where Docker has its own failure, 500";

export const differences: readonly Difference[] = [
  { case: /limit=abc|logs\?.*since=x|link=1|ps_args=-o%20nothing/, line: /^status 400, not 500$/, reason: mistake },
  {
    case: /\/json(\?size=1|: size=\w+)?(: \w+)?$/,
    line: /GraphDriver\.Data\./,
    reason: "the root of a container is mounted in its own mount namespace only, so that there is no merged directory",
  },
  {
    case: /\/json(\?size=1|: size=\w+)?(: \w+)?$/,
    line: /HostConfig\.(Ulimits|PortBindings|Dns\w*|Devices|Blkio\w+) |HostConfig\.\w+ \[\]/,
    reason: "an empty list is written as a list, which every client reads as it reads null",
  },
  {
    case: /stats\?/,
    line: /^\+ \.(memory_stats\.stats\.|name |id )/,
    reason: "every counter of the kernel is given; a single sample says whose it is",
  },
  {
    case: /POST \/containers\/\{id\}\/update: Init of a wrong type/,
    line: /^status 400, not 200$/,
    reason: "a wrong type is refused also where Docker does not look",
  },
  {
    case: /attach: of something that is not there/,
    line: /a refusal with a message|other/,
    reason: "every refusal is JSON with a message, that of an attach too",
  },
  {
    case: /\/containers\/\{id\}\/attach\/ws/,
    line: /^status 501/,
    reason: "a terminal over a web socket is refused (docs/docker-compatibility.md)",
  },
  {
    case: /GET \/images\/json: manifests=/,
    line: /^status 501/,
    reason: "the manifests of an image are not listed; Docker leaves them out in silence",
  },
  {
    case: /resize\?h=20&w=70: created/,
    line: /^status 200, not 409$/,
    reason: "a size that comes before the start is what the terminal begins with",
  },
  {
    case: /POST \/images\/\{name\}\/tag: of something that is not there/,
    line: /^status 404, not 200$/,
    reason: "a tag without a repository is refused, where Docker does nothing and says that all is well",
  },
  {
    case: /GET \/networks\/\{id\}: verbose=maybe/,
    line: /^status 404, not 400$/,
    reason: "`verbose` is for swarm networks, and any word is a truth value, as in other queries",
  },
];

export function justified(title: string, line: string): boolean {
  return differences.some((difference) => difference.case.test(title) && difference.line.test(line));
}
