/** `POST /hbx/v1/sockets`, and what the list answers. No dependencies: command line and web import this. */
export type SocketLimits = {
  /** Containers and volumes at once. */
  MaxContainers: number;
  MaxVolumes: number;
  /** Of each container; 0: no limit. Bytes, billionths of a CPU, processes. */
  MaxMemory: number;
  MaxNanoCpus: number;
  MaxPids: number;
  /** Whether images may be pulled, and ports published. */
  Pull: boolean;
  Publish: boolean;
};

export type SocketBody = SocketLimits & { Name: string; Path: string };

export const defaultLimits: Readonly<SocketLimits> = {
  MaxContainers: 16,
  MaxVolumes: 16,
  MaxMemory: 512 * 1024 * 1024,
  MaxNanoCpus: 1_000_000_000,
  MaxPids: 256,
  Pull: false,
  Publish: false,
};
