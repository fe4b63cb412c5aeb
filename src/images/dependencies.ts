/** What the images feature needs of others, as narrow as it can be. The composition root hands these in. */
import type { JobFrame } from "../engines/index.ts";
import type { ImageConfig } from "./config/image-config.ts";

export type DoneFrame = Readonly<Record<string, unknown>>;

/** Work of the native core: tar, hashing, trees. */
export type Jobs = {
  /** Runs to the end; throws an EngineError whose `details.errno` is the kernel's number where there is one. */
  run(
    frame: JobFrame,
    options?: {
      signal?: AbortSignal | undefined;
      input?: AsyncIterable<Uint8Array> | undefined;
      /** Takes frames before `done`. */
      onFrame?: ((frame: DoneFrame) => void) | undefined;
    },
  ): Promise<DoneFrame>;
  /** Runs a job that answers with bytes. Ending the iteration early cancels it. */
  stream(frame: JobFrame, options?: { signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
};

/** Images kept mounted for as long as the daemon lives. */
export type ImageMounts = {
  /** The directory of an image file that is mounted now. */
  find(image: string): string | undefined;
  mount(image: string): Promise<string>;
  unmount(image: string): Promise<void>;
};

export type ImageUse = { containerId: string; running: boolean };

export type ImageUses = {
  /** Every container whose image this is. */
  of(imageId: string): readonly ImageUse[];
};

/** A container held still while its changes become a layer. Disposing lets it go on. */
export type CommitSource = AsyncDisposable & {
  id: string;
  imageId: string;
  config: ImageConfig;
  hostname: string;
  /** The overlay upper directory. */
  upper: string;
  /** Attributes of its events: image, name, labels. */
  attributes: Record<string, string>;
};

export type CommitSources = {
  /** By name or id; throws Docker's "No such container". */
  open(container: string, options: { pause: boolean }): Promise<CommitSource>;
};
