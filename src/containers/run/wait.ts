/** Docker's wait conditions. */
import { invalid } from "../errors.ts";
import type { Container, WaitResult } from "../model/container.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

export function parseWaitCondition(text: string | null): WaitCondition {
  if (text === null || text === "") return "not-running";
  if (text === "not-running" || text === "next-exit" || text === "removed") return text;
  throw invalid("bad_wait_condition", `invalid condition: "${text}"`);
}

/** The result is there already when the container does not run and that is all that was asked. */
export function wait(container: Container, condition: WaitCondition, signal: AbortSignal): Promise<WaitResult> {
  const { state } = container;
  const runs = container.workload !== null || container.starting !== null || container.restartTimer !== null;
  if (condition === "not-running" && !runs) {
    return Promise.resolve({ exitCode: state.exitCode, error: state.error });
  }
  const listeners = condition === "removed" ? container.onRemoved : container.onExit;
  return new Promise((resolve, reject) => {
    const gone = () => {
      listeners.delete(done);
      reject(signal.reason);
    };
    const done = (result: WaitResult) => {
      signal.removeEventListener("abort", gone);
      resolve(result);
    };
    listeners.add(done);
    signal.addEventListener("abort", gone, { once: true });
  });
}

/** The next exit of a container that runs. */
export function exitOf(container: Container): Promise<WaitResult> {
  return new Promise((resolve) => container.onExit.add(resolve));
}
