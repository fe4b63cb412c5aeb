/** An image's configuration file (OCI image-spec `config.md`), parsed from bytes that anybody may have written. */
import { type Digest, isDigest } from "../../base/digest.ts";
import { badConfig } from "../errors.ts";
import { isObject, listOf, type ObjectValue, optionalText, stringList, stringMap } from "./json-fields.ts";

export type Healthcheck = {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
};

export type ImageConfig = {
  User?: string;
  ExposedPorts?: Record<string, Record<string, never>>;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  Healthcheck?: Healthcheck;
  ArgsEscaped?: boolean;
  Volumes?: Record<string, Record<string, never>>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  OnBuild?: string[];
  StopSignal?: string;
  Shell?: string[];
};

export type HistoryEntry = {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
};

export type ImageFile = {
  architecture: string;
  os: string;
  variant: string;
  osVersion: string;
  created: string | null;
  author: string;
  comment: string;
  dockerVersion: string;
  config: ImageConfig;
  diffIds: Digest[];
  history: HistoryEntry[];
};

/** Docker's own limit for the layers of one image. */
export const maxLayers = 127;
export const maxConfigBytes = 8 * 1024 * 1024;

export function parseImageFile(bytes: Uint8Array): ImageFile {
  if (bytes.byteLength > maxConfigBytes) throw badConfig(`it is larger than ${maxConfigBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw badConfig("it is not JSON");
  }
  if (!isObject(value)) throw badConfig("it is not a JSON object");
  const config = value.config ?? {};
  if (!isObject(config)) throw badConfig("config is not an object");
  return {
    architecture: optionalText(value, "architecture") ?? "",
    os: optionalText(value, "os") || "linux",
    variant: optionalText(value, "variant") ?? "",
    osVersion: optionalText(value, "os.version") ?? "",
    created: optionalText(value, "created") ?? null,
    author: optionalText(value, "author") ?? "",
    comment: optionalText(value, "comment") ?? "",
    dockerVersion: optionalText(value, "docker_version") ?? "",
    config: parseImageConfig(config),
    diffIds: parseDiffIds(value.rootfs),
    history: listOf(value, "history").map(parseHistory),
  };
}

/** The inner `config` object. Keys that are absent, null or empty are left out. */
export function parseImageConfig(value: ObjectValue): ImageConfig {
  const out: ImageConfig = {};
  for (const key of ["User", "WorkingDir", "StopSignal"] as const) {
    const text = optionalText(value, key);
    if (text) out[key] = text;
  }
  for (const key of ["Env", "Entrypoint", "Cmd", "OnBuild", "Shell"] as const) {
    const list = stringList(value, key);
    if (list) out[key] = list;
  }
  for (const key of ["ExposedPorts", "Volumes"] as const) {
    const map = value[key];
    if (map === undefined || map === null) continue;
    if (!isObject(map)) throw badConfig(`${key} is not an object`);
    out[key] = Object.fromEntries(Object.keys(map).map((name) => [name, {}]));
  }
  const labels = stringMap(value, "Labels");
  if (labels) out.Labels = labels;
  if (value.ArgsEscaped === true) out.ArgsEscaped = true;
  const health = parseHealthcheck(value.Healthcheck);
  if (health) out.Healthcheck = health;
  return out;
}

function parseHealthcheck(value: unknown): Healthcheck | null {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw badConfig("Healthcheck is not an object");
  const out: Healthcheck = {};
  const test = stringList(value, "Test");
  if (test) out.Test = test;
  for (const key of ["Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"] as const) {
    const number = value[key];
    if (number === undefined || number === null) continue;
    if (typeof number !== "number" || !Number.isFinite(number)) throw badConfig(`Healthcheck.${key} is not a number`);
    out[key] = number;
  }
  return out;
}

function parseDiffIds(rootfs: unknown): Digest[] {
  if (!isObject(rootfs)) throw badConfig("rootfs is missing");
  const list = listOf(rootfs, "diff_ids");
  if (list.length > maxLayers)
    throw badConfig(`it has ${list.length} layers, more than the ${maxLayers} that are allowed`);
  return list.map((item, index) => {
    if (typeof item === "string" && isDigest(item)) return item;
    throw badConfig(`rootfs.diff_ids[${index}] is not sha256:<64 hex digits>`);
  });
}

function parseHistory(value: unknown): HistoryEntry {
  if (!isObject(value)) throw badConfig("history holds something that is not an object");
  const out: HistoryEntry = {};
  for (const key of ["created", "created_by", "author", "comment"] as const) {
    const text = optionalText(value, key);
    if (text) out[key] = text;
  }
  if (value.empty_layer === true) out.empty_layer = true;
  return out;
}
