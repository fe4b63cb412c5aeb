/** Docker's `Config`: what the container is, as opposed to how this host runs it. */
import {
  command,
  type Field,
  flag,
  integer,
  keySet,
  malformed,
  optional,
  optionalInteger,
  optionalTexts,
  type Parsed,
  record,
  text,
  textMap,
  texts,
} from "./fields.ts";

const minDurationNs = 1_000_000;

/** Nanoseconds: 0 or at least a millisecond. */
const duration: Field<number> = (value, at, key) => {
  const ns = integer(value, at, key);
  if (ns !== 0 && ns < minDurationNs) throw malformed(at, key, "0 or at least 1ms");
  return ns;
};

const retries: Field<number> = (value, at, key) => {
  const count = integer(value, at, key);
  if (count < 0) throw malformed(at, key, "a count that is not negative");
  return count;
};

export const healthcheckFields = {
  Test: texts,
  Interval: duration,
  Timeout: duration,
  StartPeriod: duration,
  StartInterval: duration,
  Retries: retries,
};
export type Healthcheck = Partial<Parsed<typeof healthcheckFields>>;

/** `80`, `80/tcp`, `8000-8010/udp`: spread to single ports with a protocol. */
const ports: Field<Record<string, Record<string, never>>> = (value, at, key) => {
  const out: Record<string, Record<string, never>> = {};
  for (const port in keySet(value, at, key)) {
    for (const single of spreadPort(port, at, key)) out[single] = {};
  }
  return out;
};

export function spreadPort(port: string, at: string, key: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(port);
  const first = Number(match?.[1] ?? "0");
  const last = Number(match?.[2] ?? match?.[1] ?? "0");
  if (!match || first < 1 || last > 65535 || last < first) {
    throw malformed(at, key, `a port like 80/tcp, not ${JSON.stringify(port)},`);
  }
  const protocol = (match[3] ?? "tcp").toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

export const configFields = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: ports,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: command,
  Healthcheck: optional(record(healthcheckFields)) as Field<Healthcheck | null>,
  ArgsEscaped: flag,
  Image: text,
  Volumes: keySet,
  WorkingDir: text,
  Entrypoint: command,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: optionalTexts,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: optionalInteger,
  Shell: command,
};

export type Config = Parsed<typeof configFields>;
