/** `GET /containers/{id}/top`: the host's `ps`, narrowed to the container's processes. */
import { execFile } from "node:child_process";
import { conflict, failure, invalid, notRunning } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";

export type Top = { Titles: string[]; Processes: string[][] };

export async function top(context: Context, container: Container, psArgs: string | null): Promise<Top> {
  const { workload, state, id } = container;
  if (!workload) throw notRunning(id);
  if (state.status === "restarting")
    throw conflict("restarting", `Container ${id} is restarting, wait until the container is running`);
  const args = psArgs ? parsePsArgs(psArgs) : ["-ef"];
  const pids = workload.processes();
  // `-p` would add to a selection such as `-e`; asking for all and picking is what works with every choice of columns.
  const answer = parsePs(await ps(args), new Set(pids));
  publish(context, container, "top");
  return answer;
}

/** Words without quoting; a column that renames itself to hide PID is refused, since PID is how rows are picked. */
export function parsePsArgs(text: string): string[] {
  const args = text.trim().split(/\s+/);
  for (const arg of args) {
    if (/\s*pid=|=\s*pid/i.test(arg)) throw invalid("bad_ps_args", `specifying "${arg}" is not allowed`);
  }
  return args;
}

export function parsePs(output: string, pids: ReadonlySet<number>): Top {
  const [head = "", ...lines] = output.split("\n").filter((line) => line.trim() !== "");
  const Titles = head.trim().split(/\s+/);
  const column = Titles.indexOf("PID");
  if (column < 0) throw invalid("no_pid_column", "Couldn't find PID field in ps output");
  const Processes = lines.flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (!pids.has(Number(words[column]))) return [];
    return [[...words.slice(0, Titles.length - 1), words.slice(Titles.length - 1).join(" ")]];
  });
  return { Titles, Processes };
}

function ps(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("ps", args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const missing = error.code === "ENOENT";
      reject(
        missing
          ? failure("no_ps", "Cannot list processes: the host has no ps", error)
          : invalid("bad_ps_args", `error running ps: ${stderr.trim() || error.message}`),
      );
    });
  });
}
