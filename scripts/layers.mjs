/**
 * Imports point one way. A feature is entered through its `index.ts` or `schema.ts` only; the CLI sees `sdk`, `base`,
 * `config` and schemas; the HTTP engine and the base know no feature.
 */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { sources } from "./sources.mjs";

const foundation = ["base", "config", "state", "observe"];
const features = [
  "containers",
  "engines",
  "images",
  "network",
  "volumes",
  "policy",
  "snapshot",
  "security",
  "system",
  "agents",
];

/** What each top folder may import beside itself. */
const allowed = {
  base: [],
  config: ["base"],
  state: ["base", "config"],
  observe: ["base", "config", "state"],
  sdk: ["base", "config"],
  cli: ["base", "config", "sdk"],
  api: ["base", "config", "state", "observe"],
  ...Object.fromEntries(features.map((name) => [name, [...foundation, "api", ...features]])),
  build: [...foundation, "api", ...features],
  compose: [...foundation, "api", ...features],
  daemon: [...foundation, "api", ...features, "build", "compose"],
};

/** Commands live beside their feature but belong to the CLI's side. */
const commandSide = [...allowed.cli, "cli"];

export function checkLayers() {
  const complaints = [];
  for (const path of sources(/^src\/.*\.ts$/)) {
    const [, top, second] = path.split("/");
    const isTest = /\.test\.ts$|\/test-support/.test(path);
    const isCommand = second === "commands" || second === "commands.ts";
    for (const target of importsOf(path)) {
      const complaint = judge(path, top, target, isCommand, isTest);
      if (complaint) complaints.push(complaint);
    }
  }
  return { name: "layers", complaints };
}

function judge(path, top, target, isCommand, isTest) {
  const [, other] = target.split("/");
  if (other === undefined || !target.startsWith("src/")) return null;
  if (other === top && !isCommand) {
    const intoCommands = /^src\/\w+\/commands\b/.test(target);
    return intoCommands && !isTest ? `${path} imports the command side: ${target}` : null;
  }
  const schema = target.endsWith("/schema.ts");
  const loader = path === "src/cli/verbs.ts" && /\/commands\b/.test(target);
  if (isCommand) {
    const own = target.startsWith(`src/${top}/commands`) || schema;
    return own || commandSide.includes(other)
      ? null
      : `${path} (a command) imports ${target}: only sdk, cli, base, config and schema files`;
  }
  if (schema || loader) return null;
  if (!(allowed[top] ?? []).includes(other)) return `${path} imports ${target}: ${top} may not know ${other}`;
  const front =
    features.includes(other) &&
    !isTest &&
    !/^src\/\w+\/(index|engine|spec|feature)\.ts$/.test(target) &&
    !/^src\/\w+\/\w+\/(index|plan|protocol)\.ts$/.test(target);
  return front ? `${path} imports ${target}: enter ${other} through its index.ts` : null;
}

function importsOf(path) {
  const text = readFileSync(path, "utf8");
  const found = [];
  for (const match of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g))
    found.push(normalize(join(dirname(path), match[1])));
  return found;
}
