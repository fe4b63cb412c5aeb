/** Asks at the terminal. */
import { createInterface } from "node:readline/promises";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";

export async function askLine(session: Session, question: string): Promise<string> {
  if (process.stdin.isTTY !== true) {
    throw new Failure("Cannot perform an interactive login from a non TTY device", {
      hint: "hbx login -u NAME --password-stdin SERVER",
    });
  }
  await session.err.write(question);
  await session.err.flush();
  const reader = createInterface({ input: process.stdin });
  try {
    for await (const line of reader) return line.trim();
    return "";
  } finally {
    reader.close();
  }
}

/** The terminal shows nothing of it. */
export async function askSecret(session: Session, question: string): Promise<string> {
  const echo = (on: boolean) => Bun.spawnSync(["stty", on ? "echo" : "-echo"], { stdin: "inherit" });
  const restore = () => void echo(true);
  process.once("exit", restore);
  if (process.stdin.isTTY === true) echo(false);
  try {
    const answer = await askLine(session, question);
    session.err.line();
    return answer;
  } finally {
    process.off("exit", restore);
    if (process.stdin.isTTY === true) restore();
  }
}
