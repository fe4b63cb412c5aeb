/** Docker's seccomp JSON to a typed profile. Every field is understood or refused; nothing is passed over. */

import { parseCapability } from "../capabilities.ts";
import { badProfile, profileUnsupported } from "../errors.ts";
import {
  integerOr,
  listOf,
  objectOf,
  onlyKeys,
  type Place,
  textOf,
  textsOf,
  unsigned64,
  wordOf,
} from "./json-fields.ts";
import type { ArgumentCondition, Comparison, Filter, SeccompAction, SeccompProfile, SyscallEntry } from "./profile.ts";

const actions: readonly SeccompAction[] = [
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_LOG",
  "SCMP_ACT_ALLOW",
];
const comparisons: readonly Comparison[] = [
  "SCMP_CMP_EQ",
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
];
/** The filters that need a listener are absent: there is nobody to listen. */
const flagBits: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
};
const topKeys = ["defaultAction", "defaultErrnoRet", "architectures", "archMap", "flags", "syscalls"];
const entryKeys = ["names", "name", "action", "errnoRet", "args", "comment", "includes", "excludes"];

/** Numbers past 2^53 arrive as bigint, so that 64-bit argument values stay exact. */
export function parseSeccompProfile(json: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(json, exactNumbers);
  } catch {
    throw badProfile("it", "is not JSON");
  }
  const top = objectOf(value, "the file");
  for (const key of ["listenerPath", "listenerMetadata"]) {
    if (top[key]) throw profileUnsupported(key, "asks for a listener, which is not offered");
  }
  onlyKeys(top, [...topKeys, "listenerPath", "listenerMetadata"], "the file");
  const architectures = textsOf(top["architectures"], "architectures");
  const archMap = listOf(top["archMap"], "archMap").map((entry, at) => archMapEntry(entry, `archMap[${at}]`));
  if (architectures.length > 0 && archMap.length > 0) {
    throw badProfile("it", "has both architectures and archMap; use one");
  }
  return {
    defaultAction: action(top["defaultAction"], "defaultAction"),
    defaultErrnoRet: integerOr(top["defaultErrnoRet"], null, 0, 0xffff, "defaultErrnoRet"),
    architectures,
    archMap,
    flags: textsOf(top["flags"], "flags").reduce((bits, name) => bits | flag(name), 0),
    syscalls: listOf(top["syscalls"], "syscalls").map((entry, at) => syscallEntry(entry, `syscalls[${at}]`)),
  };
}

function exactNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

function archMapEntry(value: unknown, place: Place): SeccompProfile["archMap"][number] {
  const entry = objectOf(value, place);
  onlyKeys(entry, ["architecture", "subArchitectures"], place);
  return {
    architecture: textOf(entry["architecture"], `${place}.architecture`),
    subArchitectures: textsOf(entry["subArchitectures"], `${place}.subArchitectures`),
  };
}

function action(value: unknown, place: Place): SeccompAction {
  if (value === "SCMP_ACT_NOTIFY") throw profileUnsupported(place, "asks for a listener, which is not offered");
  return wordOf(value, actions, place);
}

function flag(name: string): number {
  const bit = flagBits[name];
  if (bit === undefined) throw profileUnsupported(`flag ${name}`, "is not offered");
  return bit;
}

function syscallEntry(value: unknown, place: Place): SyscallEntry {
  const entry = objectOf(value, place);
  onlyKeys(entry, entryKeys, place);
  const single = entry["name"] ? [textOf(entry["name"], `${place}.name`)] : [];
  const names = textsOf(entry["names"], `${place}.names`);
  if (single.length > 0 && names.length > 0) throw badProfile(place, "has both name and names; use one");
  if (single.length + names.length === 0) throw badProfile(place, "names no system call");
  return {
    names: [...single, ...names],
    action: action(entry["action"], `${place}.action`),
    errnoRet: integerOr(entry["errnoRet"], null, 0, 0xffff, `${place}.errnoRet`),
    args: listOf(entry["args"], `${place}.args`).map((arg, at) => condition(arg, `${place}.args[${at}]`)),
    includes: filter(entry["includes"], `${place}.includes`),
    excludes: filter(entry["excludes"], `${place}.excludes`),
  };
}

function condition(value: unknown, place: Place): ArgumentCondition {
  const entry = objectOf(value, place);
  onlyKeys(entry, ["index", "value", "valueTwo", "op"], place);
  return {
    index: integerOr(entry["index"], 0, 0, 5, `${place}.index`),
    op: wordOf(entry["op"], comparisons, `${place}.op`),
    value: unsigned64(entry["value"], `${place}.value`),
    valueTwo: unsigned64(entry["valueTwo"], `${place}.valueTwo`),
  };
}

function filter(value: unknown, place: Place): Filter {
  const entry = value === undefined || value === null ? {} : objectOf(value, place);
  onlyKeys(entry, ["arches", "caps", "minKernel"], place);
  const caps = textsOf(entry["caps"], `${place}.caps`);
  for (const name of caps) parseCapability(name);
  const kernel = entry["minKernel"];
  return {
    arches: textsOf(entry["arches"], `${place}.arches`),
    caps,
    minKernel: kernel ? version(kernel, place) : null,
  };
}

function version(value: unknown, place: Place): { major: number; minor: number } {
  const match = /^(\d+)\.(\d+)$/.exec(String(value));
  if (!match) throw badProfile(`${place}.minKernel`, 'is not of the form "5.10"');
  return { major: Number(match[1]), minor: Number(match[2]) };
}
