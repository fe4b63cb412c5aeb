/** What the system feature needs of others. */
import type { JobFrame } from "../engines/index.ts";

export type Jobs = {
  run(frame: JobFrame, options?: { signal?: AbortSignal | undefined }): Promise<Readonly<Record<string, unknown>>>;
};

export type ContainerCounts = { running: number; paused: number; stopped: number };

export type ContainerTotals = {
  counts(): ContainerCounts;
  /** Docker's container summaries with SizeRw and SizeRootFs. */
  usage(signal: AbortSignal): Promise<readonly object[]>;
};

export type ImagesUsage = {
  /** Docker's image summaries with SharedSize and Containers; sizes as they are on disk. */
  summaries: readonly object[];
  /** Of the whole store, everything once. */
  sizeBytes: number;
  /** What removing all unused images gives back. */
  reclaimableBytes: number;
};

export type ImageTotals = {
  count(): number;
  usage(): Promise<ImagesUsage>;
  /** Name of the storage driver. */
  driver: string;
  /** Why it is this one. */
  driverDetail: string;
};

export type VolumeTotals = {
  /** Docker's volumes with UsageData. */
  usage(signal: AbortSignal): Promise<readonly object[]>;
};

export type BuildFacts = {
  /** `0.1.0`. */
  version: string;
  gitCommit: string;
  /** RFC 3339; empty when run from a clone. */
  builtAt: string;
};
