/** A process to be started, running or ended inside a container. Lives in memory only: the daemon's death forgets it. */
import type { ExecHandle } from "../../engines/index.ts";
import type { ExecRequest } from "./schema.ts";

export type Exec = {
  readonly id: string;
  readonly containerId: string;
  readonly request: ExecRequest;
  readonly detachKeys: readonly number[];
  started: boolean;
  running: boolean;
  exitCode: number | null;
  pid: number;
  handle: ExecHandle | null;
  /** Asked for by resize before the start. */
  size: { rows: number; cols: number } | null;
  /** Records the end, once. */
  end(exitCode: number): void;
};
