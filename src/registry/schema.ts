/** What clients of the daemon say and hear about registry servers. */

/** Paths are absolute, on the daemon's host. */
export type ServeBody = {
  /** `host:port`; a port alone is on loopback. Default: 127.0.0.1:5000. */
  Listen?: string;
  /** PEM files; both or neither. */
  TlsCert?: string;
  TlsKey?: string;
  /** Users with bcrypt hashes, as `htpasswd -B` writes them. */
  Htpasswd?: string;
  /** Lines `NAME:TOKEN[:pull,push,delete]`. */
  Tokens?: string;
  /** A token service elsewhere: its public key (PEM or JWK set), and what is said of it in challenges. */
  TokenKey?: string;
  TokenIssuer?: string;
  TokenService?: string;
  TokenRealm?: string;
  /** Who shows no credentials may read. */
  AnonymousRead?: boolean;
  /** Nothing can be pushed or deleted. */
  ReadOnly?: boolean;
  /** False: images of this host are not served, only what was pushed. */
  LocalImages?: boolean;
};

export type ServerBody = {
  /** `127.0.0.1:5000`. */
  Address: string;
  Url: string;
  /** `failed`: a kept server that could not listen when the daemon started. */
  State: "listening" | "failed";
  Error: string;
  /** Started again with the daemon. */
  Kept: boolean;
  Auth: string;
  Tls: boolean;
  AnonymousRead: boolean;
  ReadOnly: boolean;
  LocalImages: boolean;
  Warnings: string[];
};

/** One answered request, as a server in the foreground prints it. */
export type RequestLineBody = { Method: string; Path: string; Status: number; User: string; Ms: number };

export type PruneBody = { Blobs: number; Uploads: number; SpaceReclaimed: number };

/** As `/v2/_hyperbox/search` of a server answers too. */
export type SearchBody = {
  results: {
    name: string;
    tag: string;
    digest: string;
    platforms: string[];
    labels: Record<string, string>;
    annotations: Record<string, string>;
    packages: { name: string; version: string }[];
  }[];
  /** Layers whose packages are not known yet. */
  pending: number;
};

export const defaultListen = "127.0.0.1:5000";
