/** Dockerfile instructions that `--change` may apply to a configuration. */
import { badChange } from "../errors.ts";
import { parseArguments, parseExecForm, parseKeyValues, splitWords } from "./change-words.ts";
import { parseHealthcheckChange } from "./healthcheck-change.ts";
import type { ImageConfig } from "./image-config.ts";

type Change = (config: ImageConfig, rest: string, line: string) => void;

const shellForm = (config: ImageConfig, rest: string, line: string): string[] =>
  parseExecForm(rest, line) ?? [...(config.Shell ?? ["/bin/sh", "-c"]), rest];

const changes: Record<string, Change> = {
  CMD(config, rest, line) {
    config.Cmd = shellForm(config, rest, line);
  },
  ENTRYPOINT(config, rest, line) {
    config.Entrypoint = shellForm(config, rest, line);
  },
  ENV(config, rest, line) {
    for (const [key, value] of parseKeyValues(rest, line)) {
      const others = (config.Env ?? []).filter((item) => !item.startsWith(`${key}=`));
      config.Env = [...others, `${key}=${value}`];
    }
  },
  LABEL(config, rest, line) {
    config.Labels = { ...config.Labels, ...Object.fromEntries(parseKeyValues(rest, line)) };
  },
  EXPOSE(config, rest, line) {
    for (const port of splitWords(rest, line)) {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(port);
      const first = Number(match?.[1]);
      const last = Number(match?.[2] ?? match?.[1]);
      if (!match || first < 1 || last > 65535 || last < first) throw badChange(line, `${port} is not a port`);
      for (let at = first; at <= last; at++) {
        config.ExposedPorts = { ...config.ExposedPorts, [`${at}/${(match[3] ?? "tcp").toLowerCase()}`]: {} };
      }
    }
  },
  ONBUILD(config, rest, line) {
    if (/^(ONBUILD|FROM|MAINTAINER)\b/i.test(rest)) throw badChange(line, "ONBUILD cannot trigger this instruction");
    config.OnBuild = [...(config.OnBuild ?? []), rest];
  },
  USER(config, rest, line) {
    config.User = single(rest, line);
  },
  VOLUME(config, rest, line) {
    for (const path of parseArguments(rest, line)) {
      if (path.trim() === "") throw badChange(line, "a volume needs a path");
      config.Volumes = { ...config.Volumes, [path]: {} };
    }
  },
  WORKDIR(config, rest, line) {
    const path = single(rest, line);
    config.WorkingDir = path.startsWith("/") ? path : `${config.WorkingDir ?? ""}/${path}`.replace(/\/{2,}/g, "/");
  },
  HEALTHCHECK(config, rest, line) {
    config.Healthcheck = parseHealthcheckChange(rest, line);
  },
  STOPSIGNAL(config, rest, line) {
    const signal = single(rest, line);
    if (!/^(SIG)?[A-Z0-9+-]+$/i.test(signal)) throw badChange(line, `${signal} is not a signal`);
    config.StopSignal = signal;
  },
  SHELL(config, rest, line) {
    const shell = parseExecForm(rest, line);
    if (!shell || shell.length === 0) throw badChange(line, "SHELL needs a JSON list of strings");
    config.Shell = shell;
  },
};

/** A new configuration; `config` stays as it is. A CMD inherited under another ENTRYPOINT is dropped, as a build does. */
export function applyChanges(config: ImageConfig, lines: readonly string[]): ImageConfig {
  const out = structuredClone(config);
  let setsCommand = false;
  for (const text of lines.flatMap((given) => given.split("\n"))) {
    const line = text.trim();
    if (line === "" || line.startsWith("#")) continue;
    const match = /^([A-Za-z]+)\s+(.*)$/s.exec(line);
    const word = (match?.[1] ?? line).toUpperCase();
    const change = Object.hasOwn(changes, word) ? changes[word] : undefined;
    if (!change) throw badChange(line, `${word} is not one of ${Object.keys(changes).join(", ")}`);
    if (!match) throw badChange(line, `${word} needs an argument`);
    if (word === "CMD") setsCommand = true;
    if (word === "ENTRYPOINT" && !setsCommand) delete out.Cmd;
    change(out, (match[2] ?? "").trim(), line);
  }
  return out;
}

function single(rest: string, line: string): string {
  const [word, ...more] = splitWords(rest, line);
  if (!word || more.length > 0) throw badChange(line, "exactly one argument is expected");
  return word;
}
