/**
 * Imports point one way, as `src/features.ts` says, and a feature is entered through its door. The client's side (sdk, cli and
 * the verbs in `commands/`) sees sdk, cli and schema files only. Some modules of the platform have one owner.
 */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { type Feature, features } from "../src/features.ts";
import { sources } from "./sources.ts";

export type SourceFile = { path: string; text: string };
type Import = { from: string; typeOnly: boolean };

const testFile = /\.test\.ts$|\.conformance\.ts$|test-support|\/testing\//;
const schemaFile = /\/schema\.ts$/;
/** Beside the features: the list itself, and the entry of the single-file build. */
const looseFiles = ["src/features.ts", "src/executable.ts"];

/** Who may touch what. */
const owned: { what: string; pattern: RegExp; owners: RegExp }[] = [
  { what: "bun:sqlite", pattern: /["']bun:sqlite["']/, owners: /^src\/state\// },
  { what: "node:http", pattern: /["']node:https?["']|\bBun\.serve\b/, owners: /^src\/api\// },
  {
    what: "the environment",
    pattern: /\bprocess\.env\b|\bBun\.env\b|\bimport\.meta\.env\b/,
    // rootless.ts hands the environment on to the program that it becomes.
    owners: /^src\/(config|cli)\/|^src\/sdk\/paths\.ts$|^src\/daemon\/(main|rootless)\.ts$|^src\/executable\.ts$/,
  },
];

export function checkLayers(): string[] {
  return judgeFiles(sources(/^src\/.*\.ts$/).map((path) => ({ path, text: readFileSync(path, "utf8") })));
}

export function judgeFiles(files: readonly SourceFile[]): string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  return files
    .filter(({ path }) => !testFile.test(path) && !looseFiles.includes(path))
    .flatMap(({ path, text }) => [...judgeOwners(path, text), ...judgeImports(path, text, texts)]);
}

function judgeOwners(path: string, text: string): string[] {
  const code = withoutComments(text);
  return owned
    .filter(({ pattern, owners }) => pattern.test(code) && !owners.test(path))
    .map(({ what }) => `${path} touches ${what}: it has other owners (scripts/layers.ts)`);
}

function judgeImports(path: string, text: string, texts: ReadonlyMap<string, string>): string[] {
  const owner = featureOf(path);
  if (!owner) return [`${path} belongs to no feature of src/features.ts`];
  const complaints: string[] = [];
  for (const { from, typeOnly } of importsOf(text)) {
    const complaint = from.startsWith(".")
      ? judgeRelative(path, owner, { from: normalize(join(dirname(path), from)), typeOnly }, texts)
      : judgePackage(from);
    if (complaint) complaints.push(`${path} imports ${from}: ${complaint}`);
  }
  return complaints;
}

function judgePackage(from: string): string | null {
  if (/^(node|bun):/.test(from) || from === "bun") return null;
  const name = from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/");
  return name in packageJson.dependencies ? null : "not one of the dependencies of package.json";
}

function judgeRelative(
  path: string,
  owner: Feature,
  { from: target, typeOnly }: Import,
  texts: ReadonlyMap<string, string>,
): string | null {
  if (target === "package.json") return null;
  if (testFile.test(target)) return "tests and their support are no part of the product";
  const other = featureOf(target);
  if (!other) return "it belongs to no feature";
  const client = isClientSide(path);
  if (client && schemaFile.test(target)) return judgeSchema(texts.get(target) ?? "");
  if (client) return judgeClient(path, owner, target, other);
  if (isCommand(target)) return "verbs are the client's side";
  if (other === owner) return null;
  if (!owner.knows.includes(other.name) && !(typeOnly && owner.speaks?.includes(other.name)))
    return `${owner.name} may not know ${other.name}`;
  // A feature inside another, and the one around it, are one family.
  if (other.folder.split("/")[1] === owner.folder.split("/")[1]) return null;
  if (other.door === "files" || schemaFile.test(target)) return null;
  if (other.door === "index" && target === `${other.folder}/index.ts`) return null;
  return `enter ${other.name} through its index.ts`;
}

/** What clients import must be free of the server. */
function judgeSchema(text: string): string | null {
  return importsOf(text).some(({ typeOnly }) => !typeOnly) ? "a schema for clients may import nothing" : null;
}

function judgeClient(path: string, owner: Feature, target: string, other: Feature): string | null {
  if (isCommand(path)) {
    const own = isCommand(target) && other === owner;
    return own || ["sdk", "cli"].includes(other.name) ? null : "a verb sees sdk, cli and schema files only";
  }
  if (other === owner || owner.knows.includes(other.name)) return null;
  if (path === "src/cli/verbs.ts" && isCommand(target)) return null;
  return `${owner.name} sees sdk and schema files only`;
}

const isCommand = (path: string): boolean =>
  features.some(({ commands }) => commands !== undefined && path.startsWith(`${commands}/`));
const isClientSide = (path: string): boolean => isCommand(path) || /^src\/(sdk|cli)\//.test(path);

/** The feature with the longest folder that holds the path: engines/native before engines. */
function featureOf(path: string): Feature | undefined {
  return features
    .filter(({ folder }) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  for (const match of code.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^;"'`]*?\bfrom\s*)?["']([^"']+)["']/gm))
    found.push({ from: match[2] ?? "", typeOnly: match[1] !== undefined });
  for (const match of code.matchAll(/\b(?:import|require)\(\s*["']([^"']+)["']/g))
    found.push({ from: match[1] ?? "", typeOnly: false });
  return found;
}

/** Comments go; text in quotes stays, though a URL's slashes look like one. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
