/** What volumes need of others. */
import type { JobFrame } from "../engines/index.ts";

export type Jobs = {
  run(frame: JobFrame, options?: { signal?: AbortSignal | undefined }): Promise<Readonly<Record<string, unknown>>>;
};
