/** `POST /containers/{id}/resize`: the terminal's size; before the start it is remembered. */
import { intQuery } from "../../api/index.ts";
import { invalid, notRunning } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";

export type Size = { rows: number; cols: number };

export function parseSize(query: URLSearchParams): Size {
  const [rows, cols] = [intQuery(query, "h"), intQuery(query, "w")];
  for (const size of [rows, cols]) {
    if (size === undefined || size < 0 || size > 65535)
      throw invalid("bad_size", "Cannot resize: h and w must be numbers up to 65535");
  }
  return { rows: rows ?? 0, cols: cols ?? 0 };
}

export async function resize(context: Context, container: Container, size: Size): Promise<void> {
  const { status } = container.state;
  if (status === "exited" || status === "dead") throw notRunning(container.id);
  container.size = size;
  // Before the start, and while one is under way, the size is what the start begins with or the client will say it again.
  if (!container.workload || !container.config.Tty) return;
  await container.workload.resize(size);
  publish(context, container, "resize", { height: String(size.rows), width: String(size.cols) });
}
