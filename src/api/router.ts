/** Matches method and path against the flat route table. Paths without parameters are found in one look-up. */
import { EngineError, invalidArgument } from "../base/errors.ts";
import type { Route } from "./route.ts";
import { type ApiVersion, compareVersions, oldestVersion, parseVersion } from "./versions.ts";

export type Match = { route: Route; params: Record<string, string> };
export type Router = { match(method: string, path: string, version: ApiVersion): Match };

type Pattern = { route: Route; since: ApiVersion; expression: RegExp; names: string[] };

export function createRouter(routes: readonly Route[]): Router {
  const fixed = new Map<string, { route: Route; since: ApiVersion }>();
  const patterns = new Map<string, Pattern[]>();
  for (const route of routes) {
    const since = parseVersion(route.since ?? "") ?? oldestVersion;
    if (!route.path.includes("{")) {
      const key = `${route.method} ${route.path}`;
      if (fixed.has(key)) throw new Error(`two routes for ${key}`);
      fixed.set(key, { route, since });
      continue;
    }
    const list = patterns.get(route.method) ?? [];
    list.push({ route, since, ...compilePath(route.path) });
    patterns.set(route.method, list);
  }
  return {
    match(method, path, version) {
      const exact = fixed.get(`${method} ${path}`);
      if (exact && compareVersions(version, exact.since) >= 0) return { route: exact.route, params: {} };
      for (const pattern of patterns.get(method) ?? []) {
        const found = pattern.expression.exec(path);
        if (!found || compareVersions(version, pattern.since) < 0) continue;
        return { route: pattern.route, params: namedParams(pattern.names, found) };
      }
      throw new EngineError({ code: "api.no_route", kind: "not_found", message: "page not found" });
    },
  };
}

function compilePath(path: string): { expression: RegExp; names: string[] } {
  const names: string[] = [];
  const source = path.replace(/[.]/g, "\\.").replace(/\{(\w+)(:\*)?\}/g, (_, name: string, wide?: string) => {
    names.push(name);
    return wide ? "(.+)" : "([^/]+)";
  });
  return { expression: new RegExp(`^${source}$`), names };
}

function namedParams(names: readonly string[], found: RegExpExecArray): Record<string, string> {
  const params: Record<string, string> = {};
  names.forEach((name, index) => {
    params[name] = decode(found[index + 1] ?? "");
  });
  return params;
}

function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument("api.bad_path", `Cannot read the path: ${JSON.stringify(text)} is not percent-encoded UTF-8`);
  }
}
