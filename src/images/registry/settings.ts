/** How registries are reached: from the daemon's configuration and environment. */

export type RegistrySettings = {
  /** Per registry, tried in order before it: `{ "docker.io": ["https://mirror.example.com"] }`. */
  mirrors: Readonly<Record<string, readonly string[]>>;
  /** Hosts (`name`, `name:port`) and networks (`10.0.0.0/8`) with plain HTTP or a certificate that nobody signed. */
  insecure: readonly string[];
  /** Each has a directory per host with `*.crt` (authorities) and `*.cert` with `*.key` (ours). The first that has one counts. */
  certificateDirectories: readonly string[];
  /** A file of authorities beside the built-in ones. */
  authorities: string | null;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are read. */
  environment: Readonly<Record<string, string | undefined>>;
  /** A connection on which nothing happens for so long is given up. */
  stallMs: number;
  /** Tries of one request, the first included. */
  attempts: number;
  /** The first wait between tries; it doubles, with a random part. */
  backoffMs: number;
};

export const defaultRegistrySettings: RegistrySettings = Object.freeze({
  mirrors: {},
  insecure: [],
  certificateDirectories: ["/etc/hyperbox/certs.d", "/etc/docker/certs.d"],
  authorities: null,
  environment: {},
  stallMs: 30_000,
  attempts: 6,
  backoffMs: 300,
});
