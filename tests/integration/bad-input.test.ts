/** What bad requests get: Docker's status, a message that says what is wrong, and nothing left behind. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, createServer } from "node:net";
import type { Answer } from "../support/api.ts";
import { createContainer, execIn, runContainer } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
});
afterAll(async () => {
  const left = (await home.api.ok("GET", "/containers/json?all=1")).json;
  await home[Symbol.asyncDispose]();
  expect(left).toEqual([]);
});

const message = ({ status, json }: Answer): string => `${status} ${(json as { message?: string })?.message ?? ""}`;
const create = (body: object, query = "") => home.api.call("POST", `/containers/create${query}`, body);
const base = { Image: "hyperbox/base", Cmd: ["true"] };

async function failedStart(body: object): Promise<{ answer: Answer; state: Record<string, unknown> }> {
  const id = ((await create({ ...base, ...body })).json as { Id: string }).Id;
  const answer = await home.api.call("POST", `/containers/${id}/start`);
  const { State } = (await home.api.ok("GET", `/containers/${id}/json`)).json as { State: Record<string, unknown> };
  await home.api.ok("DELETE", `/containers/${id}`);
  return { answer, state: State };
}

describe("requests", () => {
  const refused: [what: string, path: string, body: object, answer: RegExp][] = [
    ["an unknown image", "", { Image: "no/such" }, /^404 No such image: no\/such/],
    ["a bad reference", "", { Image: "UPPER/::x" }, /^400 invalid reference format/],
    ["no command", "", { Image: "hyperbox/base", Entrypoint: [""], Cmd: [] }, /^400 no command specified/],
    ["a bad name", "?name=-x", base, /^400 Invalid container name \(-x\)/],
    ["a wrong type", "", { ...base, Cmd: 7 }, /^400 .*Cmd/],
    ["a nested wrong type", "", { ...base, HostConfig: { Memory: "much" } }, /^400 .*Memory/],
    ["a tiny memory limit", "", { ...base, HostConfig: { Memory: 1024 } }, /^400 Minimum memory limit allowed is 6MB/],
    ["more CPUs than exist", "", { ...base, HostConfig: { NanoCpus: 1e13 } }, /^400 .*[Rr]ange of CPUs/],
    ["an unknown capability", "", { ...base, HostConfig: { CapAdd: ["FLY"] } }, /^400 .*FLY/i],
    ["a relative bind target", "", { ...base, HostConfig: { Binds: ["/tmp:rel"] } }, /^400 .*(absolute|invalid)/],
    ["a mount over /", "", { ...base, HostConfig: { Binds: ["/tmp:/"] } }, /^400 .*destination can't be '\/'/],
    [
      "a missing source of a mount",
      "",
      { ...base, HostConfig: { Mounts: [{ Type: "bind", Source: "/no/such", Target: "/x" }] } },
      /^400 .*bind source path does not exist: \/no\/such/,
    ],
    [
      "a bad volume name",
      "",
      { ...base, HostConfig: { Binds: ["!x:/x"] } },
      /^400 .*invalid characters for a local volume name/,
    ],
    ["a bad port", "", { ...base, HostConfig: { PortBindings: { "99999/tcp": [{}] } } }, /^400 .*99999/],
    [
      "a bad restart policy",
      "",
      { ...base, HostConfig: { RestartPolicy: { Name: "sometimes" } } },
      /^400 .*RestartPolicy\.Name: one of/,
    ],
  ];
  for (const [what, query, body, wanted] of refused) {
    test(`${what} is refused`, async () => {
      expect(message(await create(body, query))).toMatch(wanted);
    });
  }
  test("wrong JSON is refused", async () => {
    const answer = await home.api.upload("POST", "/containers/create", Buffer.from("{"), "application/json");
    expect(message(answer)).toMatch(/^400 invalid JSON/);
  });
  test("API versions out of range are refused", async () => {
    expect(message(await home.api.call("GET", "/v1.99/_ping"))).toBe(
      "400 client version 1.99 is too new. Maximum supported API version is 1.51",
    );
    expect(message(await home.api.call("GET", "/v1.10/info"))).toMatch(/^400 client version 1.10 is too old/);
  });
  test("an unknown path is 404, an unknown container too", async () => {
    expect(message(await home.api.call("GET", "/nowhere"))).toBe("404 page not found");
    expect(message(await home.api.call("POST", "/containers/nobody/start"))).toBe("404 No such container: nobody");
    expect(message(await home.api.call("GET", "/exec/nobody/json"))).toBe("404 No such exec instance: nobody");
  });
});

describe("starts", () => {
  const refused: [what: string, body: object, answer: RegExp, exitCode: number][] = [
    [
      "a missing command",
      { Cmd: ["nothing-here"] },
      /^400 .*exec: "nothing-here": executable file not found in \$PATH/,
      127,
    ],
    ["a missing path", { Cmd: ["/no/file"] }, /^400 .*exec: "\/no\/file": no such file or directory/, 127],
    ["a directory as command", { Cmd: ["/etc"] }, /^400 .*permission denied/, 126],
    ["a file without execute permission", { Cmd: ["/etc/passwd"] }, /^400 .*permission denied/, 126],
    ["an unknown user", { User: "nobody-at-all" }, /^400 .*nobody-at-all/, 128],
    ["an unknown sysctl", { HostConfig: { Sysctls: { "net.ipv4.no_such": "1" } } }, /^400 .*no_such/, 128],
    ["a file as working directory", { WorkingDir: "/etc/passwd" }, /^400 .*working directory.*\/etc\/passwd/i, 128],
    [
      "a device that the host lacks",
      { HostConfig: { Devices: [{ PathOnHost: "/dev/nope" }] } },
      /^\d+ .*\/dev\/nope/,
      128,
    ],
  ];
  for (const [what, body, wanted, exitCode] of refused) {
    test(`${what} is told, with exit code ${exitCode}`, async () => {
      const { answer, state } = await failedStart(body);
      expect(message(answer)).toMatch(wanted);
      expect(state).toMatchObject({ Status: "created", ExitCode: exitCode, Pid: 0 });
    });
  }
});

describe("things in use", () => {
  test("a name", async () => {
    const id = await createContainer(home.api, ["true"]);
    await home.api.ok("POST", `/containers/${id}/rename?name=mine`);
    expect(message(await create(base, "?name=mine"))).toBe(
      `409 Conflict. The container name "/mine" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    await home.api.ok("DELETE", `/containers/${id}`);
  });
  test("a port, by another container and by the host", async () => {
    const ports = { HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "28080" }] } } };
    const holder = await createContainer(home.api, ["sleep", "60"], ports);
    await home.api.ok("POST", `/containers/${holder}/start`);
    expect(message((await failedStart(ports)).answer)).toMatch(/^500 .*port is already allocated/);
    await home.api.ok("DELETE", `/containers/${holder}?force=1`);
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(28080, "0.0.0.0", resolve));
    expect(message((await failedStart(ports)).answer)).toMatch(/^500 .*(address already in use|already allocated)/);
    server.close();
  });
  test("a volume and an image", async () => {
    const id = await createContainer(home.api, ["true"], { HostConfig: { Binds: ["held:/x"] } });
    expect(message(await home.api.call("DELETE", "/volumes/held"))).toBe(`409 remove held: volume is in use - [${id}]`);
    expect(message(await home.api.call("DELETE", "/images/hyperbox/base"))).toMatch(/^409 conflict: unable to/);
    await home.api.ok("DELETE", `/containers/${id}`);
    await home.api.ok("DELETE", "/volumes/held");
  });
  test("a running container is not removed without force; a stopped one takes no exec", async () => {
    const id = await createContainer(home.api, ["sleep", "60"]);
    expect(message(await home.api.call("POST", `/containers/${id}/exec`, { Cmd: ["true"] }))).toMatch(
      /^409 .*not running/,
    );
    await home.api.ok("POST", `/containers/${id}/start`);
    expect((await home.api.call("POST", `/containers/${id}/start`)).status).toBe(304);
    expect(message(await home.api.call("DELETE", `/containers/${id}`))).toMatch(/^409 .*running/);
    const missing = await execIn(home.api, id, ["nothing-here"]).catch((error: Error) => ({
      code: 127,
      stdout: "",
      stderr: error.message,
    }));
    expect(missing.code).toBe(127);
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
});

describe("clients that vanish", () => {
  const raw = (text: string) =>
    new Promise<void>((resolve) => {
      const socket = connect({ path: home.socket }, () => socket.write(text, () => resolve(void socket.destroy())));
      socket.on("error", () => resolve());
    });
  test("in every stage of a request leave the daemon as it was", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "while :; do echo x; done"]);
    await home.api.ok("POST", `/containers/${id}/start`);
    const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
    for (let n = 0; n < 20; n++) {
      await raw(
        "POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{",
      );
      await raw(`POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\n${upgrade}\r\n`);
      await raw(`GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n`);
      await raw(`POST /containers/${id}/wait HTTP/1.1\r\nHost: d\r\n\r\n`);
      await raw("POST /images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc");
    }
    expect((await execIn(home.api, id, ["echo", "fine"])).stdout).toBe("fine\n");
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
  test("a half-closed connection still gets its answer", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect({ path: home.socket, allowHalfOpen: true }, () =>
        socket.end("GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"),
      );
      socket.on("data", (chunk) => {
        text += String(chunk);
      });
      socket.once("end", () => resolve(text));
      socket.once("error", reject);
      socket.setTimeout(5000, () => resolve(text));
    });
    expect(answer).toContain("200 OK");
  });
});

test("out of pids is told by the program, and the daemon goes on", async () => {
  const result = await runContainer(home.api, ["sh", "-c", "sleep 1 & sleep 1 & sleep 1"], {
    HostConfig: { PidsLimit: 2 },
  });
  expect(result.stderr).toContain("can't fork");
});
