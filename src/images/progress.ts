/** Docker's JSON progress stream. The head goes out with the first line, so that what fails before keeps its status. */
import type { ApiRequest, ByteSink } from "../api/index.ts";
import { EngineError } from "../base/errors.ts";

export type ProgressLine = {
  stream?: string;
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  /** The bar that older clients print. */
  progress?: string;
  aux?: Record<string, unknown>;
};

export type Progress = {
  send(line: ProgressLine): Promise<void>;
};

/** Runs `work`; an error after the first line is told inside the stream, as Docker does. */
export async function streamProgress(request: ApiRequest, work: (progress: Progress) => Promise<void>): Promise<void> {
  let sink: ByteSink | null = null;
  const open = () => {
    sink ??= request.stream(200, "application/json");
    return sink;
  };
  try {
    await work({ send: (line) => open().write(`${JSON.stringify(line)}\r\n`) });
  } catch (error) {
    if (sink === null || !(error instanceof EngineError)) throw error;
    const { message, hint } = error;
    await open().write(
      `${JSON.stringify({ errorDetail: { message, ...(hint ? { hint } : {}) }, error: message })}\r\n`,
    );
  }
  await open().end();
}
