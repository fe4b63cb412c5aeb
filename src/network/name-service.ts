/**
 * What the network feature tells the name service. The network feature decides who is where; the name service answers
 * questions. It is handed in by the composition root, so that neither imports the other's inside.
 */

/** One attachment of a running container to a network. Identified by `containerId` and `networkId` together. */
export type NamedEndpoint = {
  networkId: string;
  networkName: string;
  /** The default bridge: its containers are not found by name and have the host's resolvers (as with Docker). */
  defaultBridge: boolean;
  /** No way out of this network. A container of internal networks only gets no answer about outside names. */
  internal: boolean;
  containerId: string;
  containerName: string;
  hostname: string;
  domainname: string;
  /** As given (`--network-alias`); name, hostname and the id's first 12 digits count too. */
  aliases: readonly string[];
  /** Without prefix length; IPv4 first. */
  addresses: readonly string[];
  /** `/proc/PID/ns/net` of the container: a process that lives as long as the container. */
  namespace: string;
  /** `--dns`, `--dns-search`, `--dns-option` of the container: the same in all its endpoints. */
  dns: { servers: readonly string[]; search: readonly string[]; options: readonly string[] };
};

export type NameService = {
  /** Address for resolv.conf of containers in networks of the user's own. */
  readonly address: string;
  /**
   * Before the container's process runs, at a connect while it runs, and once for each living one after a restart of the
   * daemon (then before the API answers). A second call for the same endpoint replaces the first. Does not reject. Once it
   * has resolved, the container is answered and found: wait for it before the process runs.
   */
  endpointAdded(endpoint: NamedEndpoint): Promise<void>;
  /** At the container's end or a disconnect. Idempotent. Must not throw. */
  endpointRemoved(containerId: string, networkId: string): void;
};
