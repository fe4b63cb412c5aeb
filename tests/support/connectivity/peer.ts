/** Somebody in the lab who can be asked and who asks: a probe in a network namespace. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type Ask = { protocol: "tcp" | "udp"; address: string; port: number };
export type Peer = Disposable & {
  readonly name: string;
  /** What is seen of each: the peer's answer `NAME ADDRESS`, or `!` and why there was none. All at once. */
  ask(asks: readonly Ask[]): Promise<string[]>;
};

/** Long enough for a busy machine, short enough for a lab in which half of all questions must stay without an answer. */
const timeoutSec = 1.5;

/** `enter`: the command that runs another inside the namespace. */
export async function openPeer(name: string, enter: readonly string[], ports: readonly number[]): Promise<Peer> {
  const [program = "", ...args] = [
    ...enter,
    "python3",
    join(import.meta.dirname, "probe.py"),
    name,
    ...ports.map(String),
  ];
  const child: ChildProcess = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error("no pipes");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the probe of ${name} has ended`);
    return value;
  };
  await next();
  return {
    name,
    async ask(asks) {
      const list = asks.map(({ protocol, address, port }) => [protocol, address, port]);
      stdin.write(`${JSON.stringify({ timeout: timeoutSec, asks: list })}\n`);
      return JSON.parse(await next()) as string[];
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

export const inNamespace = (name: string): string[] => ["ip", "netns", "exec", name];
export const inNetworkOf = (pid: number): string[] => ["nsenter", "-t", String(pid), "-n"];
