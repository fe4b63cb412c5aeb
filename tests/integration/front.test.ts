/** What a person sees of `run` and `exec` is the same from the native front and from the whole command line. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execIn } from "../support/containers.ts";
import { frontCommand, type Outcome, outcome, wholeCommand } from "../support/front.ts";
import { openTestHome, type TestHome } from "../support/home.ts";

let home: TestHome;
const image = "hyperbox/base";

beforeAll(async () => {
  home = await openTestHome();
  await hbx(wholeCommand, "run", "-d", "--name", "box", image, "sleep", "100000");
});
afterAll(async () => {
  await hbx(wholeCommand, "rm", "-f", "box");
  await home[Symbol.asyncDispose]();
});

const hbx = (command: readonly string[], ...args: string[]): Promise<Outcome> =>
  outcome([...command, ...args], home.env);

function spawn(command: readonly string[], args: string[], more: { stdin?: "pipe" } = {}) {
  return Bun.spawn([...command, ...args], {
    env: home.env,
    stdin: more.stdin ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** What it has printed once `until` is in it. */
async function printed(stream: ReadableStream<Uint8Array>, until: string): Promise<string> {
  let seen = "";
  for await (const chunk of stream) {
    seen += Buffer.from(chunk).toString();
    if (seen.includes(until)) break;
  }
  return seen;
}

describe.each<[string, readonly string[]]>([
  ["the front", frontCommand],
  ["the whole command line", wholeCommand],
])("%s", (_, command) => {
  test.each<[string, string[], Outcome]>([
    [
      "code",
      ["run", "--rm", image, "sh", "-c", "echo o; echo e >&2; exit 42"],
      { code: 42, stdout: "o\n", stderr: "e\n" },
    ],
    [
      "code of exec",
      ["exec", "box", "sh", "-c", "echo o; echo e >&2; exit 43"],
      { code: 43, stdout: "o\n", stderr: "e\n" },
    ],
    ["signal", ["run", "--rm", "--init", image, "sh", "-c", "kill -9 $$"], { code: 137, stdout: "", stderr: "" }],
    ["signal of exec", ["exec", "box", "sh", "-c", "kill -15 $$"], { code: 143, stdout: "", stderr: "" }],
  ])("gives output and exit code: %s", async (_, args, expected) => {
    expect(await hbx(command, ...args)).toEqual(expected);
  });

  test.each<[string, string[], number, RegExp]>([
    [
      "no such command",
      ["run", "--rm", "--name", "nn", image, "nope"],
      127,
      /^hbx: .*nn: exec: "nope": executable file not/,
    ],
    ["a directory", ["run", "--rm", "--name", "nn", image, "/etc"], 126, /^hbx: .*"\/etc": .*permission denied/],
    [
      "a name in use",
      ["run", "--rm", "--name", "box", image, "true"],
      125,
      /^hbx: Conflict\. The container name "\/box"/,
    ],
    ["a bad option", ["run", "--rm", "--cap-add", "NOPE", image, "true"], 125, /^hbx: .*NOPE/],
    [
      "no such image",
      ["run", "--rm", "localhost:1/no/such", "true"],
      125,
      /^Unable to find image 'localhost:1\/no\/such:latest' locally\nhbx: Cannot reach https:\/\/localhost:1\//,
    ],
    [
      "no such image and no pull",
      ["run", "--rm", "--pull", "never", "no/such", "true"],
      125,
      /^hbx: No such image: no\/such/,
    ],
    ["no such command in exec", ["exec", "box", "nope"], 127, /^hbx: .*exec: "nope": executable file not found/],
    ["a file that cannot run in exec", ["exec", "box", "/etc/hosts"], 126, /^hbx: .*permission denied/],
    ["no such user in exec", ["exec", "-u", "nobody-here", "box", "true"], 1, /^hbx: .*nobody-here/],
    ["no such container", ["exec", "no-such", "true"], 1, /^hbx: No such container: no-such\n$/],
  ])("says what is wrong: %s", async (_, args, code, said) => {
    const result = await hbx(command, ...args);
    expect(result.stderr).toMatch(said);
    expect(result).toMatchObject({ code, stdout: "" });
    // Word for word what the other one says.
    expect(result).toEqual(await hbx(command === frontCommand ? wholeCommand : frontCommand, ...args));
  });

  test("refuses to exec in a container that has ended", async () => {
    await hbx(wholeCommand, "run", "--name", "ended", image, "true");
    const result = await hbx(command, "exec", "ended", "true");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^hbx: container [0-9a-f]+ is not running\n/);
    await hbx(wholeCommand, "rm", "ended");
  });

  test("passes 20 MB in and out unchanged", async () => {
    const line = "0123456789abcdef".repeat(64);
    const big = `${line}\n`.repeat(20_000);
    for (const args of [
      ["run", "--rm", "-i", image, "cat"],
      ["exec", "-i", "box", "cat"],
    ]) {
      const result = await outcome([...command, ...args], home.env, big);
      expect(result.stderr).toBe("");
      expect(result.code).toBe(0);
      expect(Bun.hash(result.stdout)).toBe(Bun.hash(big));
    }
  });

  test("gives no input without -i", async () => {
    expect(await outcome([...command, "run", "--rm", image, "wc", "-c"], home.env, "abc")).toMatchObject({
      stdout: "0\n",
    });
    expect(await outcome([...command, "exec", "box", "wc", "-c"], home.env, "abc")).toMatchObject({ stdout: "0\n" });
  });

  test("goes on with the output after its input has ended, and ends while its input is open", async () => {
    const late = await outcome(
      [...command, "run", "--rm", "-i", image, "sh", "-c", "cat; echo after"],
      home.env,
      "in\n",
    );
    expect(late).toEqual({ code: 0, stdout: "in\nafter\n", stderr: "" });
    const open = spawn(command, ["exec", "-i", "box", "sh", "-c", "read a; echo got $a"], { stdin: "pipe" });
    open.stdin?.write("x\n");
    await open.stdin?.flush();
    expect(await new Response(open.stdout).text()).toBe("got x\n");
    expect(await open.exited).toBe(0);
  });

  test("hands signals on, each as it is", async () => {
    const script =
      "trap 'echo usr1' USR1; trap 'echo int' INT; trap 'echo term; exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    const run = spawn(command, ["run", "--rm", image, "sh", "-c", script]);
    const reader = run.stdout.getReader();
    let seen = "";
    const until = async (text: string): Promise<void> => {
      while (!seen.includes(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`it ended after ${JSON.stringify(seen)}`);
        seen += Buffer.from(value).toString();
      }
    };
    await until("ready\n");
    for (const [signal, text] of [
      ["SIGUSR1", "usr1\n"],
      ["SIGINT", "int\n"],
      ["SIGTERM", "term\n"],
    ] as const) {
      run.kill(signal);
      await until(text);
    }
    expect(await run.exited).toBe(9);
  });

  test("is ended by a signal itself with --sig-proxy=false, and the container goes on", async () => {
    const args = ["run", "--rm", "--name", "alone", "--sig-proxy=false", image, "sh", "-c", "echo ready; sleep 100000"];
    const run = spawn(command, args);
    await printed(run.stdout, "ready");
    run.kill("SIGTERM");
    await run.exited;
    expect(run.signalCode).toBe("SIGTERM");
    expect((await hbx(wholeCommand, "rm", "-f", "alone")).code).toBe(0);
  });

  test("holds the container back while nobody reads, then loses nothing", async () => {
    const count = 40_000_000;
    const run = spawn(command, [
      "run",
      "--rm",
      "--name",
      "much",
      image,
      "sh",
      "-c",
      `yes | head -c ${count}; echo done >&2`,
    ]);
    const reader = run.stdout.getReader();
    let size = (await reader.read()).value?.byteLength ?? 0;
    // Blocked: the writer's pipe, the daemon, two sockets and our own pipe are full, and `head` still runs.
    expect((await execIn(home.api, "much", ["pidof", "head"])).stdout).not.toBe("");
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read())
      size += value?.byteLength ?? 0;
    expect(size).toBe(count);
    expect(await new Response(run.stderr).text()).toBe("done\n");
    expect(await run.exited).toBe(0);
  });

  test("ends with 141 when its reader has gone", async () => {
    for (const args of [
      ["run", "--rm", image, "yes"],
      ["exec", "box", "yes"],
    ]) {
      const shell = `{ "$@"; echo $? >&2; } | head -c 10 > /dev/null`;
      const result = await outcome(["/bin/sh", "-c", shell, "sh", ...command, ...args], home.env);
      expect(result.stderr).toBe("141\n");
    }
  });

  test("ends with 125 when the daemon goes away, and the container runs on", async () => {
    const run = spawn(command, ["run", "--name", "stays", image, "sh", "-c", "echo ready; sleep 100000"]);
    const exec = spawn(command, ["exec", "box", "sh", "-c", "echo ready; sleep 100000"]);
    await Promise.all([printed(run.stdout, "ready"), printed(exec.stdout, "ready")]);
    await home.kill("SIGKILL");
    expect(await run.exited).toBe(125);
    expect(await exec.exited).toBe(125);
    expect(await new Response(run.stderr).text()).toBe(
      "hbx: Cannot follow the container: the daemon has gone\nhint: `hbx ps` shows whether it still runs\n",
    );
    expect(await new Response(exec.stderr).text()).toBe(
      "hbx: Cannot follow the command: the daemon has gone\nhint: `hbx top` shows whether it still runs\n",
    );
    await home.start();
    expect((await hbx(wholeCommand, "rm", "-f", "stays")).code).toBe(0);
  });
});

describe("bin/hbx", () => {
  test("does what needs the whole command line through the front", async () => {
    const path = new URL("../../bin/hbx", import.meta.url).pathname;
    expect((await hbx([path], "run", "-d", "--rm", image, "true")).stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await hbx([path], "run", "--rm", image, "echo", "a")).stdout).toBe("a\n");
    expect((await hbx([path], "exec", "--help")).stdout).toContain("Usage:  hbx exec");
  });
});
