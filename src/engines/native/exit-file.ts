/** The exit that a shim left on disk. */
import { readFileSync } from "node:fs";
import type { Exit } from "./protocol.ts";

/** Parses `{code, signal?, oomKilled, finishedAtNs, error?}`; null when there is none or it is damaged. */
export function readExitFile(path: string): Exit | null {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { code, signal, oomKilled, finishedAtNs, error } = value as Record<string, unknown>;
  if (typeof code !== "number" || typeof finishedAtNs !== "number") return null;
  const exit: Exit = { code, oomKilled: oomKilled === true, finishedAtNs };
  if (typeof signal === "number") exit.signal = signal;
  if (typeof error === "string") exit.error = error;
  return exit;
}
