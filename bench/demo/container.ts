/** One container, shown from the outside (what it prints) and from the inside (where the time of its start went). */
import { createContainer, type Exit } from "../containers.ts";
import type { BenchHome } from "../home.ts";
import type { Screen } from "./screen.ts";

type Timings = { Daemon: Record<string, number>; Core: Record<string, number> };

const script = [
  'echo "hello from a container"',
  'echo "host name   $(hostname)"',
  'echo "processes   $(ls -d /proc/[0-9]* | wc -l), this shell is process $$"',
  'echo "address     $(ip -4 -o addr show dev eth0 | tr -s " " | cut -d " " -f 4)"',
  'echo "root        $(ls / | tr "\\n" " ")"',
].join("; ");

/** What a step means to a person, in their order; the others are summed as "the rest". */
const words: Record<string, string> = {
  claim: "claim a prepared place to run",
  files: "write hosts, hostname, resolv.conf",
  mount_namespace: "own mount namespace",
  root: "mount the root filesystem",
  mounts: "mount proc, sys, dev, files",
  devices: "make devices",
  hide: "hide what the kernel tells",
  pivot_root: "enter the new root",
  identity: "drop privileges, filter calls",
  "shim.exec": "execute the command",
};

export async function demoContainer(bench: BenchHome, screen: Screen): Promise<void> {
  screen.title(`hbx run --rm ${bench.image} sh -c '…'`);
  for (let warm = 0; warm < 3; warm += 1) bench.hbx("run", "--rm", bench.image, "true");
  await Bun.sleep(300);
  const begun = performance.now();
  const text = bench.hbx("run", "--rm", bench.image, "sh", "-c", script);
  const whole = performance.now() - begun;
  screen.output(text);
  screen.done("the whole command, from its start to its end", whole);
  await Bun.sleep(300);
  await stepByStep(bench, screen);
}

const samples = 9;
type Life = { marks: Record<"create" | "start" | "wait" | "remove", number>; timings: Timings; whole: number };

async function stepByStep(bench: BenchHome, screen: Screen): Promise<void> {
  const lives: Life[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    lives.push(await oneLife(bench));
    await Bun.sleep(100);
  }
  lives.sort((a, b) => a.whole - b.whole);
  const life = lives[Math.floor(samples / 2)];
  if (!life) return;
  const { marks, timings, whole } = life;
  screen.title(`Where the time goes, through the socket: the middle one of ${samples}`);
  const longest = Math.max(...Object.values(marks));
  screen.bar("create", marks.create, marks.create / longest, "parse, check, record");
  screen.bar("start, of which", marks.start, marks.start / longest);
  within(timings, marks.start, longest, screen);
  screen.bar("wait", marks.wait, marks.wait / longest, "run `true`, report its end");
  screen.bar("remove", marks.remove, marks.remove / longest);
  screen.done("together", whole);
}

async function oneLife({ client, image }: BenchHome): Promise<Life> {
  const begun = performance.now();
  const id = await createContainer(client, image, ["true"]);
  const created = performance.now();
  await client.text("POST", `/containers/${id}/start`);
  const started = performance.now();
  const { StatusCode } = await client.json<Exit>("POST", `/containers/${id}/wait`);
  const ended = performance.now();
  if (StatusCode !== 0) throw new Error(`the container ended with ${StatusCode}`);
  const timings = await client.json<Timings>("GET", `/hbx/v1/containers/${id}/timings`);
  const removing = performance.now();
  await client.text("DELETE", `/containers/${id}`);
  const remove = performance.now() - removing;
  const marks = { create: created - begun, start: started - created, wait: ended - started, remove };
  return { marks, timings, whole: ended - begun + remove };
}

/** The parts of the start that have a name, as they happen. */
function within({ Daemon, Core }: Timings, whole: number, longest: number, screen: Screen): void {
  const steps = { ...Daemon, ...Core };
  let named = 0;
  for (const [step, word] of Object.entries(words)) {
    const ms = (steps[step] ?? 0) / 1000;
    named += ms;
    screen.bar(`  ${step.replace("shim.", "").replace("_", " ")}`, ms, ms / longest, word);
  }
  const rest = Math.max(0, whole - named);
  screen.bar("  the rest", rest, rest / longest, "HTTP, plan, hand-over between processes");
}
