/** The create request as the Engine API takes it (ContainerConfig, HostConfig, NetworkingConfig); only what flags can set. */
export type CreateBody = Record<string, unknown> & {
  Image: string;
  Labels: Record<string, string>;
  HostConfig: Record<string, unknown>;
  NetworkingConfig: { EndpointsConfig: Record<string, Record<string, unknown>> };
};

export type FlagGroup = {
  flags: readonly import("../../../cli/verb.ts").Flag[];
  apply(
    body: CreateBody,
    flags: import("../../../cli/flag-values.ts").FlagValues,
    env: Record<string, string | undefined>,
  ): void | Promise<void>;
};
