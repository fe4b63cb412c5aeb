/** Under which addresses a registry may be reached, in the order in which they are tried. */
import { invalidArgument } from "../../../base/errors.ts";
import type { RegistrySettings } from "../settings.ts";
import { type TlsOptions, tlsFor } from "./certificates.ts";
import { inNetwork, isLoopback } from "./network-list.ts";

export type Endpoint = {
  /** `https://host:port` and, for a mirror, a path before `/v2`. */
  base: URL;
  tls: TlsOptions | undefined;
  /** Plain HTTP is tried where TLS is not spoken. */
  mayBePlain: boolean;
  mirror: boolean;
};

const dockerHub = "registry-1.docker.io";

/** Of a reference's domain. The registry itself is the last. */
export function endpointsOf(domain: string, settings: RegistrySettings, { mirrors }: { mirrors: boolean }): Endpoint[] {
  const own = endpointAt(`https://${domain === "docker.io" ? dockerHub : domain}`, settings, false);
  const listed = mirrors && Object.hasOwn(settings.mirrors, domain) ? (settings.mirrors[domain] ?? []) : [];
  return [...listed.map((mirror) => endpointAt(mirror, settings, true)), own];
}

function endpointAt(text: string, settings: RegistrySettings, mirror: boolean): Endpoint {
  let base: URL;
  try {
    base = new URL(text.includes("://") ? text : `https://${text}`);
  } catch {
    throw invalidArgument(
      "registry.bad_address",
      `Cannot reach the registry ${JSON.stringify(text)}: it is no address`,
    );
  }
  const insecure = isInsecure(base, settings);
  const tls = base.protocol === "https:" ? tlsFor(base.host, settings, insecure) : undefined;
  return { base, tls, mayBePlain: insecure, mirror };
}

/** Set so, or on this machine. */
export function isInsecure({ hostname, host }: URL, { insecure }: RegistrySettings): boolean {
  if (isLoopback(hostname)) return true;
  return insecure.some(
    (entry) => entry.toLowerCase() === host || entry.toLowerCase() === hostname || inNetwork(hostname, entry),
  );
}
