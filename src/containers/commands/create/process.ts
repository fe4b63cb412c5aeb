/** What runs: command line, environment, user, labels, health check, stop, restart. */
import { Failure } from "../../../cli/failure.ts";
import { invalid, parseDurationNs, parsePairs } from "../../../cli/parse-values.ts";
import type { Flag } from "../../../cli/verb.ts";
import type { FlagGroup } from "./body.ts";

const health: [string, string][] = [
  ["health-interval", "Interval"],
  ["health-timeout", "Timeout"],
  ["health-start-period", "StartPeriod"],
  ["health-start-interval", "StartInterval"],
];
const string = (name: string, summary: string, short?: string): Flag => ({
  name,
  kind: "string",
  summary,
  ...(short ? { short } : {}),
});

export const processGroup: FlagGroup = {
  flags: [
    {
      name: "env",
      short: "e",
      kind: "list",
      summary: "Set an environment variable (KEY=value, or KEY to hand ours on)",
    },
    { name: "env-file", kind: "list", summary: "Read environment variables from a file" },
    { name: "label", short: "l", kind: "list", summary: "Set a label" },
    { name: "label-file", kind: "list", summary: "Read labels from a file" },
    string("user", "User name or number, with group: name:group", "u"),
    string("workdir", "Working directory in the container", "w"),
    string("entrypoint", "Replace the image's entry point"),
    string("hostname", "Host name", "h"),
    string("domainname", "Domain name"),
    string("stop-signal", "Signal that asks it to stop"),
    string("stop-timeout", "Seconds to wait before it is killed"),
    { name: "init", kind: "bool", summary: "Run an init that reaps processes" },
    { name: "interactive", short: "i", kind: "bool", summary: "Keep standard input open" },
    { name: "tty", short: "t", kind: "bool", summary: "Give it a terminal" },
    string("restart", "Restart policy: no, on-failure[:max], always, unless-stopped"),
    { name: "rm", kind: "bool", summary: "Remove the container when it ends" },
    string("health-cmd", "Command that checks health"),
    ...health.map(([name]) => string(name, "Duration, such as 30s")),
    string("health-retries", "Failures in a row until unhealthy"),
    { name: "no-healthcheck", kind: "bool", summary: "Do not use the image's health check" },
    string("log-driver", "Log driver"),
    { name: "log-opt", kind: "list", summary: "Log option (max-size=10m, max-file=3)" },
    { name: "annotation", kind: "list", summary: "Set an annotation" },
  ],
  async apply(body, flags, env) {
    const host = body.HostConfig;
    body["Env"] = await environment(flags.list("env-file"), flags.list("env"), env);
    for (const file of flags.list("label-file")) Object.assign(body.Labels, parsePairs(await readLines(file)));
    Object.assign(body.Labels, parsePairs(flags.list("label")));
    const texts = {
      User: "user",
      WorkingDir: "workdir",
      Hostname: "hostname",
      Domainname: "domainname",
      StopSignal: "stop-signal",
    };
    for (const [key, name] of Object.entries(texts)) if (flags.has(name)) body[key] = flags.string(name);
    if (flags.has("stop-timeout")) body["StopTimeout"] = flags.integer("stop-timeout");
    const entrypoint = flags.string("entrypoint");
    if (entrypoint !== undefined) body["Entrypoint"] = entrypoint === "" ? [""] : [entrypoint];
    body["Tty"] = flags.bool("tty");
    body["OpenStdin"] = flags.bool("interactive");
    if (flags.has("init")) host["Init"] = flags.bool("init");
    host["AutoRemove"] = flags.bool("rm");
    if (flags.has("restart")) host["RestartPolicy"] = parseRestart(flags.string("restart") ?? "");
    if (flags.bool("rm") && flags.has("restart") && flags.string("restart") !== "no") {
      throw new Failure("conflicting options: cannot specify both --restart and --rm", { exitCode: 125 });
    }
    const check: Record<string, unknown> = {};
    if (flags.has("health-cmd")) check["Test"] = ["CMD-SHELL", flags.string("health-cmd")];
    for (const [name, key] of health) if (flags.has(name)) check[key] = parseDurationNs(name, flags.string(name) ?? "");
    if (flags.has("health-retries")) check["Retries"] = flags.integer("health-retries");
    if (flags.bool("no-healthcheck")) {
      if (Object.keys(check).length > 0)
        throw new Failure("--no-healthcheck conflicts with --health-* options", { exitCode: 125 });
      check["Test"] = ["NONE"];
    }
    if (Object.keys(check).length > 0) body["Healthcheck"] = check;
    if (flags.has("log-driver") || flags.has("log-opt")) {
      host["LogConfig"] = { Type: flags.string("log-driver") ?? "", Config: parsePairs(flags.list("log-opt")) };
    }
    if (flags.has("annotation")) host["Annotations"] = parsePairs(flags.list("annotation"));
  },
};

export function parseRestart(text: string): { Name: string; MaximumRetryCount: number } {
  const match = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(text);
  if (!match || (match[2] !== undefined && match[1] !== "on-failure")) {
    throw invalid("restart", text, "must be no, on-failure[:max-retries], always or unless-stopped");
  }
  return { Name: match[1] ?? "no", MaximumRetryCount: Number(match[2] ?? 0) };
}

/** Later settings win, files before options; a name alone hands our own value on, or nothing when we have none. */
export async function environment(
  files: readonly string[],
  options: readonly string[],
  env: Record<string, string | undefined>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const file of files) lines.push(...(await readLines(file)));
  lines.push(...options);
  const result: string[] = [];
  for (const line of lines) {
    if (line.startsWith("=") || line === "") throw invalid("env", line, "a variable needs a name");
    if (line.includes("=")) result.push(line);
    else if (env[line] !== undefined) result.push(`${line}=${env[line]}`);
  }
  return result;
}

async function readLines(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch {
    throw new Failure(`Cannot read ${path}: no such file, or not readable`, { exitCode: 125 });
  }
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
