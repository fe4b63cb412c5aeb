/** What the environment says to a client: where the daemon is and which version of the API to speak. */
export type Environment = Record<string, string | undefined>;

export function hyperboxHome(env: Environment = process.env, uid: number = process.getuid?.() ?? 0): string {
  const named = env["HYPERBOX_HOME"];
  // The daemon has another working directory than the client, and containers have none of both.
  if (named && !named.startsWith("/")) throw new Error(`Cannot use HYPERBOX_HOME=${named}: it is not an absolute path`);
  if (named) return named;
  if (uid === 0) return "/var/lib/hyperbox";
  const dataHome = env["XDG_DATA_HOME"] || `${env["HOME"] ?? ""}/.local/share`;
  return `${dataHome}/hyperbox`;
}

export type Endpoint = {
  socketPath: string;
  /** Named by `--host` or HYPERBOX_HOST: such a daemon is somebody else's to start. */
  explicit: boolean;
};

/** Takes `unix:///path` or an absolute path; anything else throws. */
export function parseEndpoint(host: string): Endpoint {
  const socketPath = host.startsWith("unix://") ? host.slice("unix://".length) : host;
  if (!socketPath.startsWith("/")) {
    throw new Error(`Cannot use host "${host}": only Unix sockets are supported (unix:///path/to/socket)`);
  }
  return { socketPath, explicit: true };
}

export function defaultEndpoint(env: Environment = process.env): Endpoint {
  const host = env["HYPERBOX_HOST"];
  if (host) return parseEndpoint(host);
  return { socketPath: `${hyperboxHome(env)}/hyperbox.sock`, explicit: false };
}

/** HYPERBOX_API_VERSION names an older one, for an older daemon. */
export const apiVersion = `v${process.env["HYPERBOX_API_VERSION"] || "1.51"}`;
