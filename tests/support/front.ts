/** Runs the native front and the whole command line beside it, on the same arguments. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "./home.ts";

export const frontPath = join(projectRoot, "native/target/x86_64-unknown-linux-gnu/release/hbx-front");
const bun = join(projectRoot, "node_modules/bun/bin/bun.exe");
const main = join(projectRoot, "src/cli/main.ts");

export const wholeCommand = [bun, main];
/** With the whole command line behind it, as `bin/hbx` starts it. */
export const frontCommand = [frontPath, bun, main];

export type Outcome = { code: number; stdout: string; stderr: string };

export async function outcome(
  command: readonly string[],
  env: Record<string, string>,
  stdin: string | null = null,
): Promise<Outcome> {
  const child = Bun.spawn([...command], {
    env,
    stdin: stdin === null ? "ignore" : Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Stands where the whole command line would be, and only tells that it was called. */
export function openBack(): Disposable & { command: string[]; code: number } {
  const dir = mkdtempSync(join(tmpdir(), "hbx-back-"));
  const script = join(dir, "back.sh");
  writeFileSync(script, 'echo "back: $*"; exit 99\n');
  return {
    command: [frontPath, "/bin/sh", script],
    code: 99,
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

export type Recorded = { line: string; headers: string[]; body: unknown };

/** Listens where a daemon would, keeps what it is asked, and answers everything with `answer`. */
export function openRecorder(answer: string): AsyncDisposable & { socket: string; requests: Recorded[] } {
  const dir = mkdtempSync(join(tmpdir(), "hbx-recorder-"));
  const socket = join(dir, "recorder.sock");
  const requests: Recorded[] = [];
  const server = Bun.listen<{ seen: Buffer }>({
    unix: socket,
    socket: {
      open(connection) {
        connection.data = { seen: Buffer.alloc(0) };
      },
      data(connection, chunk) {
        const { data } = connection;
        data.seen = Buffer.concat([data.seen, chunk]);
        const whole = parseRequest(data.seen);
        if (!whole) return;
        requests.push(whole);
        connection.end(answer);
      },
    },
  });
  return {
    socket,
    requests,
    async [Symbol.asyncDispose]() {
      server.stop(true);
      rmSync(dir, { recursive: true });
    },
  };
}

function parseRequest(bytes: Buffer): Recorded | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [line = "", ...headers] = bytes.subarray(0, end).toString().split("\r\n");
  const length = Number(headers.find((header) => /^content-length:/i.test(header))?.split(":")[1] ?? 0);
  const body = bytes.subarray(end + 4);
  if (body.length < length) return null;
  const kept = headers.filter((header) => !/^content-length:/i.test(header)).sort();
  return { line, headers: kept, body: JSON.parse(body.toString()) };
}
