/**
 * Writes the tables of docs/docker-compatibility.md: Docker's endpoints (docker-endpoints-1.51.txt, from the published
 * specification) beside the daemon's routes, and the options of a container that are refused.
 * Run: node_modules/.bin/bun scripts/docker-compatibility.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Route } from "../src/api/index.ts";
import { EngineError } from "../src/base/errors.ts";
import { containerRoutes } from "../src/containers/routes.ts";
import { configFields } from "../src/containers/schema/config.ts";
import type { Fields } from "../src/containers/schema/fields.ts";
import { hostConfigFields } from "../src/containers/schema/host-config.ts";
import { imageRoutes } from "../src/images/routes.ts";
import { networkRoutes } from "../src/network/routes.ts";
import { systemRoutes } from "../src/system/routes.ts";
import { volumeRoutes } from "../src/volumes/routes.ts";

export const pagePath = join(import.meta.dirname, "../docs/docker-compatibility.md");

/** Tables of routes look at what they are given when they are called, not before. */
const nothing = {} as never;

export const dockerRoutes = (): Route[] =>
  [
    containerRoutes(nothing),
    imageRoutes(nothing),
    volumeRoutes(nothing),
    networkRoutes(nothing, {} as never),
    systemRoutes(nothing),
  ]
    .flat()
    .filter(({ path }) => !path.startsWith("/hbx/"));

export function specification(): string[] {
  return readFileSync(join(import.meta.dirname, "docker-endpoints-1.51.txt"), "utf8")
    .trim()
    .split("\n");
}

/** Names of parameters differ; their places count. */
export const shape = (endpoint: string): string => endpoint.replace(/\{[^}]*\}/g, "{}");

export function endpointTable(routes: readonly Route[]): string {
  const known = new Map(routes.map((route) => [shape(`${route.method} ${route.path}`), route]));
  const rows = specification().map((endpoint) => {
    const route = known.get(shape(endpoint));
    if (!route) return `| \`${endpoint}\` | **unknown** | |`;
    const { refused } = route;
    if (!refused) return `| \`${endpoint}\` | supported | |`;
    return `| \`${endpoint}\` | ${refused.planned ? "later" : "refused"} | ${refused.reason} |`;
  });
  const listed = new Set(specification().map(shape));
  const beside = [...known.keys()].filter((endpoint) => !listed.has(endpoint)).map((endpoint) => `\`${endpoint}\``);
  return [
    "| endpoint | state | reason |",
    "| --- | --- | --- |",
    ...rows,
    "",
    `Answered though the specification leaves them out: ${beside.join(", ")}.`,
  ].join("\n");
}

/** The options whose field refuses whatever is not empty. */
export function refusedOptions(name: string, fields: Fields): string[] {
  return Object.entries(fields).flatMap(([key, field]) => {
    try {
      field({ any: "value" }, name, key);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code === "container.unsupported_option") return [`| \`${name}.${key}\` | ${reasonOf(error)} |`];
    }
    return [];
  });
}

const reasonOf = ({ message }: EngineError): string => message.slice(message.indexOf(": ") + 2);

export function compatibilityPage(current: string): string {
  const options = [
    "| option | reason |",
    "| --- | --- |",
    ...refusedOptions("Config", configFields),
    ...refusedOptions("HostConfig", hostConfigFields),
  ].join("\n");
  return replaceSection(replaceSection(current, "endpoints", endpointTable(dockerRoutes())), "options", options);
}

function replaceSection(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: generated -->`, `<!-- ${name}: end -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${pagePath} has no section ${name}`);
  return `${page.slice(0, from)}${start}\n\n${content}\n\n${page.slice(to)}`;
}

if (import.meta.main) writeFileSync(pagePath, compatibilityPage(readFileSync(pagePath, "utf8")));
