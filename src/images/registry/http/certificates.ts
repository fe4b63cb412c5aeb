/** TLS of a host: further authorities, our own certificate, or none checked where the host is set to be insecure. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { errorText } from "../../../base/errors.ts";
import { registryError } from "../errors.ts";
import type { RegistrySettings } from "../settings.ts";

export type TlsOptions = {
  ca?: string[];
  cert?: string;
  key?: string;
  rejectUnauthorized?: boolean;
};

/** Undefined: the runtime's own authorities and nothing else. */
export function tlsFor(host: string, settings: RegistrySettings, insecure: boolean): TlsOptions | undefined {
  const options = fromDirectories(host, settings.certificateDirectories);
  const authorities = settings.authorities === null ? [] : [read(settings.authorities)];
  const extra = [...(options.ca ?? []), ...authorities];
  const tls: TlsOptions = { ...options };
  if (extra.length > 0) tls.ca = [...rootCertificates, ...extra];
  if (insecure) tls.rejectUnauthorized = false;
  return Object.keys(tls).length === 0 ? undefined : tls;
}

function fromDirectories(host: string, directories: readonly string[]): TlsOptions {
  for (const directory of directories) {
    const path = join(directory, host);
    const files = list(path);
    if (files === null) continue;
    const options: TlsOptions = {};
    const authorities = files.filter((file) => file.endsWith(".crt")).map((file) => read(join(path, file)));
    if (authorities.length > 0) options.ca = authorities;
    const ours = files.find((file) => file.endsWith(".cert"));
    if (ours !== undefined) {
      options.cert = read(join(path, ours));
      options.key = read(join(path, ours.replace(/\.cert$/, ".key")));
    }
    return options;
  }
  return {};
}

function list(path: string): string[] | null {
  try {
    return readdirSync(path).sort();
  } catch {
    return null;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw registryError("invalid_argument", "bad_certificate", `Cannot use ${path}: ${errorText(cause)}`, {
      hint: "a certificate `x.cert` needs its key `x.key` beside it",
      cause,
    });
  }
}
