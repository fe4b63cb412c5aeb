/** `config.json` of Docker's clients, shared with them: who is known at which registry, and which helper keeps it. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Environment } from "../../sdk/paths.ts";
import { Failure } from "../failure.ts";

type AuthEntry = {
  auth?: string;
  username?: string;
  password?: string;
  identitytoken?: string;
  registrytoken?: string;
};

export type DockerConfig = {
  auths?: Record<string, AuthEntry>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
};

export function configPath(env: Environment): string {
  const directory = env["DOCKER_CONFIG"] || join(env["HOME"] || "/root", ".docker");
  return join(directory, "config.json");
}

/** Empty where there is no file. Fields that we do not know stay. */
export function readDockerConfig(env: Environment): DockerConfig {
  const path = configPath(env);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return {};
    throw new Failure(`Cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as DockerConfig;
  } catch {
    // told below, without its content: it holds secrets
  }
  throw new Failure(`Cannot read ${path}: it is not a JSON object`, { hint: "correct the file or move it away" });
}

/** Whole or not at all, for its owner's eyes only. */
export function writeDockerConfig(env: Environment, config: DockerConfig): void {
  const path = configPath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, `${JSON.stringify(config, null, "\t")}\n`, { mode: 0o600, flush: true });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}
