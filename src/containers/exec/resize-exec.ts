/** `POST /exec/{id}/resize`; before the start, and while it is under way, the size is remembered. */

import { conflict } from "../errors.ts";
import type { Exec } from "./exec.ts";

export async function resizeExec(exec: Exec, size: { rows: number; cols: number }): Promise<void> {
  if (exec.handle) return exec.handle.resize(size);
  if (exec.exitCode !== null) throw conflict("exec_ended", `cannot resize a stopped exec: ${exec.id} has ended`);
  exec.size = size;
}
