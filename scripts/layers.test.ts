import { describe, expect, test } from "bun:test";
import { checkLayers, importsOf, judgeFiles } from "./layers.ts";

const judge = (path: string, text: string, more: Record<string, string> = {}) =>
  judgeFiles([{ path, text }, ...Object.entries(more).map(([other, its]) => ({ path: other, text: its }))]);

describe("judgeFiles()", () => {
  const refused: [what: string, path: string, text: string][] = [
    ["base importing a feature", "src/base/x.ts", 'import { a } from "../images/index.ts";'],
    ["an inside of another feature", "src/daemon/x.ts", 'import { a } from "../images/store/blobs.ts";'],
    ["a sibling feature", "src/images/x.ts", 'import { a } from "../containers/index.ts";'],
    ["an engine's values where only types are allowed", "src/images/x.ts", 'import { a } from "../engines/index.ts";'],
    ["an import over several lines", "src/images/x.ts", 'import {\n  a,\n  b,\n} from "../containers/index.ts";'],
    ["an export from elsewhere", "src/images/x.ts", 'export { a } from "../containers/index.ts";'],
    ["an import for its effect", "src/images/x.ts", 'import "../containers/index.ts";'],
    ["a dynamic import", "src/images/x.ts", 'const a = await import("../containers/index.ts");'],
    ["the server's side importing verbs", "src/images/x.ts", 'import { a } from "./commands/load.ts";'],
    ["a verb importing the server's side", "src/images/commands/x.ts", 'import { a } from "../store/blobs.ts";'],
    ["a verb importing base", "src/images/commands/x.ts", 'import { a } from "../../base/errors.ts";'],
    ["a verb importing another feature's", "src/images/commands/x.ts", 'import "../../volumes/commands/ls.ts";'],
    ["the CLI importing a feature", "src/cli/x.ts", 'import { a } from "../images/index.ts";'],
    ["the CLI importing verbs outside their table", "src/cli/x.ts", 'import { a } from "../images/commands/load.ts";'],
    ["the sdk importing config", "src/sdk/x.ts", 'import { a } from "../config/index.ts";'],
    ["test support in the product", "src/images/x.ts", 'import { a } from "./testing/archives.ts";'],
    ["a development dependency", "src/images/x.ts", 'import fc from "fast-check";'],
    ["a file outside src", "src/images/x.ts", 'import { a } from "../../tests/support/api.ts";'],
    ["a folder without a feature", "src/stray/x.ts", 'import { a } from "../base/errors.ts";'],
    ["SQLite outside of state", "src/images/x.ts", 'import { Database } from "bun:sqlite";'],
    ["HTTP outside of api", "src/images/x.ts", 'import { createServer } from "node:http";'],
    ["a server beside api", "src/images/x.ts", "Bun.serve({});"],
    ["the environment outside of config", "src/images/x.ts", "const home = process.env.HOME;"],
  ];
  for (const [what, path, text] of refused)
    test(`refuses ${what}`, () => {
      expect(judge(path, text)).toHaveLength(1);
    });

  const allowed: [what: string, path: string, text: string][] = [
    ["base by file", "src/images/x.ts", 'import { a } from "../base/errors.ts";'],
    ["a feature's index", "src/daemon/x.ts", 'import { a } from "../images/index.ts";'],
    ["an engine's types", "src/images/x.ts", 'import type { A } from "../engines/index.ts";'],
    ["the verbs' table", "src/cli/verbs.ts", 'const a = () => import("../images/commands/load.ts");'],
    ["a verb's tools", "src/images/commands/x.ts", 'import { a } from "../../cli/verb.ts";'],
    ["a comment about another feature", "src/base/x.ts", '/** As in\n * import { a } from "../images/index.ts";\n */'],
    ["tests to import what they like", "src/base/x.test.ts", 'import { a } from "../images/store/blobs.ts";'],
    ["SQLite in state", "src/state/x.ts", 'import { Database } from "bun:sqlite";'],
  ];
  for (const [what, path, text] of allowed)
    test(`allows ${what}`, () => {
      expect(judge(path, text)).toEqual([]);
    });

  test("lets clients import a schema only while that imports nothing itself", () => {
    const text = 'import { a } from "../images/schema.ts";';
    expect(judge("src/sdk/x.ts", text, { "src/images/schema.ts": "export const a = 1;" })).toEqual([]);
    const heavy = { "src/images/schema.ts": 'import { b } from "../base/errors.ts";' };
    expect(judge("src/sdk/x.ts", text, heavy)).toHaveLength(1);
  });
});

test("importsOf() tells types from values", () => {
  expect(importsOf('import type { A } from "./a.ts";\nimport { b } from "./b.ts";')).toEqual([
    { from: "./a.ts", typeOnly: true },
    { from: "./b.ts", typeOnly: false },
  ]);
});

test("checkLayers() has nothing to say of this tree", () => {
  expect(checkLayers()).toEqual([]);
});
