/** API version negotiation as Docker does it: `/v1.51/…`; no prefix means the newest. */
import { invalidArgument } from "../base/errors.ts";

export type ApiVersion = readonly [major: number, minor: number];

export const newestVersion: ApiVersion = [1, 51];
export const oldestVersion: ApiVersion = [1, 24];

export function compareVersions(a: ApiVersion, b: ApiVersion): number {
  return a[0] - b[0] || a[1] - b[1];
}

export function formatVersion(version: ApiVersion): string {
  return `${version[0]}.${version[1]}`;
}

export function parseVersion(text: string): ApiVersion | null {
  const match = /^(\d{1,3})\.(\d{1,3})$/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : null;
}

/** Splits `/v1.41/x` into version and path. Throws Docker's 400 for versions we don't speak. */
export function splitVersion(path: string): { version: ApiVersion; path: string } {
  const match = /^\/v(\d{1,3}\.\d{1,3})(\/.*)?$/.exec(path);
  if (!match) return { version: newestVersion, path };
  const version = parseVersion(match[1] ?? "") ?? newestVersion;
  if (compareVersions(version, newestVersion) > 0) {
    throw invalidArgument(
      "api.version_too_new",
      `client version ${formatVersion(version)} is too new. Maximum supported API version is ${formatVersion(newestVersion)}`,
    );
  }
  if (compareVersions(version, oldestVersion) < 0) {
    throw invalidArgument(
      "api.version_too_old",
      `client version ${formatVersion(version)} is too old. Minimum supported API version is ${formatVersion(oldestVersion)}, please upgrade your client to a newer version`,
    );
  }
  return { version, path: match[2] ?? "/" };
}
