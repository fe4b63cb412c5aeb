/** The docker CLI's own files: `config.json` and a context of ours. Written whole, by rename; what we don't know is kept. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "./failure.ts";

export const contextName = "hyperbox";

export type DockerConfig = {
  dir: string;
  /** Of the config: null where none is set, which is Docker's own default. */
  currentContext(): string | null;
  setCurrentContext(name: string | null): void;
  /** Where our context leads, and what was current before it; null where there is none. */
  context(): { host: string; former: string | null } | null;
  writeContext(context: { host: string; former: string | null }): void;
  removeContext(): void;
};

type Meta = { Metadata?: { Former?: string }; Endpoints?: { docker?: { Host?: string } } };

export function openDockerConfig(env: Record<string, string | undefined>): DockerConfig {
  const dir = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  const configFile = join(dir, "config.json");
  const metaDir = join(dir, "contexts/meta", createHash("sha256").update(contextName).digest("hex"));
  const metaFile = join(metaDir, "meta.json");
  return {
    dir,
    currentContext() {
      const { currentContext } = readObject(configFile) as { currentContext?: string };
      return currentContext || null;
    },
    setCurrentContext(name) {
      const { currentContext: _old, ...rest } = readObject(configFile);
      replaceFile(configFile, name === null ? rest : { ...rest, currentContext: name });
    },
    context() {
      if (!existsSync(metaFile)) return null;
      const { Metadata, Endpoints } = readObject(metaFile) as Meta;
      return { host: Endpoints?.docker?.Host ?? "", former: Metadata?.Former || null };
    },
    writeContext({ host, former }) {
      mkdirSync(metaDir, { recursive: true, mode: 0o700 });
      replaceFile(metaFile, {
        Name: contextName,
        Metadata: { Description: "HyperBox", ...(former === null ? {} : { Former: former }) },
        Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
      });
    },
    removeContext: () => rmSync(metaDir, { recursive: true, force: true }),
  };
}

function readObject(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw damaged(file, "it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw damaged(file, "it is no JSON object");
  return value as Record<string, unknown>;
}

function damaged(file: string, state: string): Failure {
  const hint = "correct the file; nothing was changed";
  return new Failure(`Cannot change the docker CLI's settings in ${file}: ${state}`, { hint });
}

function replaceFile(file: string, value: unknown): void {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const draft = `${file}.hyperbox`;
  writeFileSync(draft, `${JSON.stringify(value, null, "\t")}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
