/** Docker's shapes of volumes, and the parser of what clients send. */
import { invalidArgument } from "../base/errors.ts";
import { badOption, badVolumeName, unknownDriver } from "./errors.ts";

export type VolumeBody = {
  CreatedAt: string;
  Driver: "local";
  Labels: Record<string, string> | null;
  Mountpoint: string;
  Name: string;
  Options: Record<string, string> | null;
  Scope: "local";
  /** In `system df` only. */
  UsageData?: { Size: number; RefCount: number };
};

/** Name null: one is made up, and the volume is anonymous. */
export type VolumeRequest = {
  name: string | null;
  driver: string;
  driverOptions: Record<string, string>;
  labels: Record<string, string>;
};

export const anonymousLabel = "com.docker.volume.anonymous";

export function parseCreateBody(body: unknown): VolumeRequest {
  if (body === undefined) return { name: null, driver: "", driverOptions: {}, labels: {} };
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw malformed("the body", "an object");
  const given = body as Record<string, unknown>;
  const cluster = given.ClusterVolumeSpec;
  if (cluster !== undefined && cluster !== null)
    throw malformed("ClusterVolumeSpec", "nothing: there are no cluster volumes");
  const name = text(given, "Name");
  return {
    name: name === "" ? null : name,
    driver: text(given, "Driver"),
    driverOptions: textMap(given, "DriverOpts"),
    labels: textMap(given, "Labels"),
  };
}

export function checkName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) || name.length > 255) throw badVolumeName(name);
}

/** The host directory behind a bind volume, or null for one with a directory of its own. */
export function parseDriver(name: string, { driver, driverOptions }: VolumeRequest): string | null {
  if (driver !== "" && driver !== "local") throw unknownDriver(name, driver);
  const { type, o, device, ...unknown } = driverOptions;
  const [first] = Object.keys(unknown);
  if (first !== undefined) throw badOption(name, `invalid option: ${JSON.stringify(first)}`);
  if (Object.keys(driverOptions).length === 0) return null;
  if (type !== undefined && type !== "none" && type !== "bind") {
    throw badOption(name, `volumes of type ${JSON.stringify(type)} are not supported`);
  }
  if (o !== "bind") throw badOption(name, `the mount options ${JSON.stringify(o ?? "")} are not supported`);
  if (device === undefined || !device.startsWith("/") || device.includes("\0")) {
    throw badOption(name, `the device ${JSON.stringify(device ?? "")} is not an absolute path`);
  }
  return device;
}

function text(given: Record<string, unknown>, key: string): string {
  const value = given[key] ?? "";
  if (typeof value !== "string") throw malformed(key, "a string");
  return value;
}

function textMap(given: Record<string, unknown>, key: string): Record<string, string> {
  const value = given[key] ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw malformed(key, "an object of strings");
  for (const item of Object.values(value)) if (typeof item !== "string") throw malformed(key, "an object of strings");
  return value as Record<string, string>;
}

function malformed(what: string, expected: string) {
  return invalidArgument("volume.bad_request", `Cannot read ${what}: ${expected} is expected`);
}
