/** The native front asks for exactly what the whole command line asks for, and leaves everything else to it. */
import { afterAll, describe, expect, test } from "bun:test";
import { openBack, openRecorder, outcome, wholeCommand } from "../support/front.ts";

const text = '{"message":"recorded","hint":"h","code":"c"}';
const recorder = openRecorder(
  `HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
);
const back = openBack();
afterAll(async () => {
  back[Symbol.dispose]();
  await recorder[Symbol.asyncDispose]();
});
const env: Record<string, string> = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/root",
  HYPERBOX_HOST: `unix://${recorder.socket}`,
  GIVEN: "from us = äö",
};

/** Words between spaces; `␣` is a space within one. */
const words = (line: string): string[] => line.split(" ").map((word) => word.replaceAll("␣", " "));

const same: string[] = [
  "run image",
  "run image true",
  "run --rm image true",
  "run --rm=true image true",
  "run --rm=false image true",
  "run --rm=T image",
  "run --rm=0 image",
  "container run --rm image true",
  "run -i image cat",
  "run -i --rm image cat",
  "run -i=false image cat",
  "run --interactive image cat",
  "run image sh -c echo␣$HOME␣'\"quoted\"'",
  "run image echo a\tb \n \\ \u0001 ü € 😀",
  "run image --rm -it --nope",
  "run -- image -x",
  "run --rm -- image -- -x",
  "run - x",
  "run --name web image",
  "run --name=web image",
  "run --name= image",
  "run --name we␣ird/ü?&=#% image",
  "run -e A=1 image",
  "run -eA=1 image",
  "run -e=A=1 image",
  "run -e A=1 -e B=2 --env C=3 --env=D= image",
  "run -e GIVEN -e NOT_GIVEN image",
  "run -e A==b=c image",
  "run -e A image",
  "run -ie A=1 image",
  "run -l a=b -l c -l a=d --label e=f=g image",
  "run -l 1=x -l 0=y image",
  "run -u 0 image",
  "run -u nobody:nogroup image",
  "run -u= image",
  "run --user 1 --user 2 image",
  "run -w /srv image",
  "run --workdir=/srv/a␣b image",
  "run --entrypoint /bin/echo image a b",
  "run --entrypoint= image a",
  "run -h box image",
  "run --hostname=box image",
  "run --init image",
  "run --init=false image",
  "run --privileged image",
  "run --privileged=false image",
  "run --read-only image",
  "run --sig-proxy=false image",
  "run --sig-proxy image",
  "run -q image",
  "run --stop-signal SIGINT image",
  "run --network none image",
  "run --network host image",
  "run --network container:other image",
  "run --network=net1 image",
  "run -v /srv:/data image",
  "run -v /srv:/data:ro -v vol:/v image",
  "run -v /anonymous image",
  "run -v ~/x:/x image",
  "run --tmpfs /run image",
  "run --tmpfs /run:size=64m,mode=755 --tmpfs /tmp image",
  "run --cap-add NET_ADMIN --cap-drop ALL image",
  "run --group-add audio --group-add 7 image",
  "run --add-host db:10.0.0.1 --dns 1.1.1.1 image",
  "run --pid host --ipc host image",
  "run -m 64m image",
  "run --memory 2G --shm-size 1024 image",
  "run --pids-limit 100 image",
  "run --cpus 1.5 image",
  "run --cpus 0.1 image",
  "run --cpus 2 image",
  "exec box true",
  "exec box sh -c exit␣3",
  "container exec box true",
  "exec -i box cat",
  "exec --interactive=true box cat",
  "exec -e A=1 -e GIVEN -e NOT_GIVEN box env",
  "exec -u 1000:1000 -w /tmp box id",
  "exec --privileged box id",
  "exec --privileged=false box id",
  "exec box -x --rm",
  "exec -- box -x",
  "exec we␣ird/ü?& true",
  "exec box echo 😀 \u007f",
];

describe("the front and the whole command line ask for the same", () => {
  test.each(same)("%j", async (line) => {
    recorder.requests.length = 0;
    const ours = await outcome([...back.command, ...words(line)], env, "");
    const [asked] = recorder.requests.splice(0);
    expect(asked).toBeDefined();
    const theirs = await outcome([...wholeCommand, ...words(line)], env, "");
    expect(recorder.requests).toEqual(asked ? [asked] : []);
    expect(ours).toEqual(theirs);
  });
});

const left: string[] = [
  "run",
  "run --rm",
  "exec",
  "exec box",
  "ps",
  "images",
  "container ls",
  "--help",
  "-H unix:///x run image",
  "run --help",
  "run -t image",
  "run -it image",
  "run --tty=false image",
  "run -d image",
  "run --nope image",
  "run -z image",
  "run --rm=maybe image",
  "run -e =x image",
  "run --env-file f image",
  "run --label-file f image",
  "run -l __proto__=x image",
  "run -a stdout image",
  "run --detach-keys ctrl-a image",
  "run --cidfile f image",
  "run --pull always image",
  "run --restart always image",
  "run --mount type=tmpfs,target=/x image",
  "run -v ./here:/x image",
  "run -v ../here:/x image",
  "run -v a::b image",
  "run -p 80:80 image",
  "run -P image",
  "run --network a --network b image",
  "run --network name=a image",
  "run -m 1.5g image",
  "run --memory lots image",
  "run --pids-limit -1 image",
  "run --cpus .5 image",
  "run --security-opt no-new-privileges image",
  "run --ulimit nofile=1 image",
  "run --health-cmd x image",
  "run --name",
  "exec -t box sh",
  "exec -it box sh",
  "exec -d box sleep 1",
  "exec --env-file f box env",
  "exec --detach-keys ctrl-a box sh",
];

describe("the front leaves to the whole command line", () => {
  test.each(left)("%j", async (line) => {
    recorder.requests.length = 0;
    const { code, stdout } = await outcome([...back.command, ...words(line)], env, "");
    expect({ code, stdout }).toEqual({ code: back.code, stdout: `back: ${words(line).join(" ")}\n` });
    expect(recorder.requests).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ["a daemon that does not answer", { HYPERBOX_HOST: "unix:///nowhere/x.sock" }],
    ["a host that it does not know", { HYPERBOX_HOST: "tcp://127.0.0.1:1" }],
    ["another version of the API", { HYPERBOX_API_VERSION: "1.40" }],
    ["a home without a daemon", { HYPERBOX_HOST: "", HYPERBOX_HOME: "/nowhere" }],
  ])("%s", async (_, other) => {
    recorder.requests.length = 0;
    const { code } = await outcome([...back.command, "run", "image"], { ...env, ...other });
    expect(code).toBe(back.code);
    expect(recorder.requests).toEqual([]);
  });

  test("arguments that are not UTF-8", async () => {
    const script = `exec "$@" run image "$(printf '\\377')"`;
    const { code } = await outcome(["/bin/sh", "-c", script, "sh", ...back.command], env);
    expect(code).toBe(back.code);
  });
});
