/** Platforms as OCI writes them: `linux/arm64/v8`. */
import { invalidArgument } from "../../base/errors.ts";
import { isObject } from "./json-fields.ts";

export type Platform = { os: string; architecture: string; variant: string };

const architectures: Record<string, string> = {
  x64: "amd64",
  ia32: "386",
  arm64: "arm64",
  arm: "arm",
  riscv64: "riscv64",
};
const aliases: Record<string, string> = { x86_64: "amd64", "x86-64": "amd64", aarch64: "arm64", i386: "386" };

export function hostPlatform(arch: string = process.arch): Platform {
  return { os: "linux", architecture: architectures[arch] ?? arch, variant: "" };
}

/** `os[/arch[/variant]]` or the JSON object of newer clients. Null for the empty string. */
export function parsePlatform(text: string | null): Platform | null {
  if (text === null || text === "") return null;
  if (text.startsWith("{")) return parsePlatformJson(text);
  const parts = text.split("/");
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) throw bad(text);
  const [first = "", second, variant = ""] = parts;
  const host = hostPlatform();
  if (second === undefined) {
    const architecture = aliases[first] ?? first;
    const isArchitecture = Object.values(architectures).includes(architecture);
    return isArchitecture ? { os: host.os, architecture, variant: "" } : { ...host, os: first };
  }
  return { os: first, architecture: aliases[second] ?? second, variant };
}

function parsePlatformJson(text: string): Platform {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad(text);
  }
  if (!isObject(value)) throw bad(text);
  const { os, architecture, variant = "" } = value;
  if (typeof os !== "string" || typeof architecture !== "string" || typeof variant !== "string") throw bad(text);
  return { os, architecture, variant };
}

function bad(text: string) {
  return invalidArgument(
    "image.bad_platform",
    `Cannot use the platform ${JSON.stringify(text)}: os/arch[/variant] is expected`,
  );
}

/** arm64 without a variant is v8, as everywhere. */
export function platformMatches(wanted: Platform, given: Platform): boolean {
  const variant = (platform: Platform) => platform.variant || (platform.architecture === "arm64" ? "v8" : "");
  return (
    wanted.os === given.os &&
    wanted.architecture === given.architecture &&
    (wanted.variant === "" || variant(wanted) === variant(given))
  );
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== "").join("/");
}
