import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { refusedRoute } from "../src/api/index.ts";
import { EngineError } from "../src/base/errors.ts";
import {
  compatibilityPage,
  dockerRoutes,
  endpointTable,
  pagePath,
  shape,
  specification,
} from "./docker-compatibility.ts";

test("every endpoint of Docker's specification is answered, with what it does or why not", () => {
  const known = new Set(dockerRoutes().map(({ method, path }) => shape(`${method} ${path}`)));
  expect(specification().filter((endpoint) => !known.has(shape(endpoint)))).toEqual([]);
  expect(specification()).toHaveLength(107);
});

test("docs/docker-compatibility.md is what scripts/docker-compatibility.ts writes", () => {
  const page = readFileSync(pagePath, "utf8");
  expect(compatibilityPage(page)).toBe(page);
});

test("endpointTable() tells supported, refused and unknown endpoints apart", () => {
  const error = new EngineError({ code: "x.y", kind: "unsupported", message: "Cannot x: no y" });
  const table = endpointTable([
    { method: "GET", path: "/containers/{name:*}/json", handle: () => undefined },
    refusedRoute("GET", "/swarm", error, false),
  ]);
  expect(table).toContain("| `GET /containers/{id}/json` | supported | |");
  expect(table).toContain("| `GET /swarm` | refused | Cannot x: no y |");
  expect(table).toContain("| `GET /nodes` | **unknown** | |");
});
