/** A home without space or inodes: clear errors, nothing half-made, running containers go on, and what is removed makes room. */
import { describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createContainer, execIn, sh } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { member, tarOf } from "../support/tar.ts";

/** Takes all that is left; called again, what was freed since. */
type Fill = (folder: string) => void;

function untilFull(work: () => void): void {
  try {
    for (;;) work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

const takeSpace: Fill = (folder) => {
  const fd = openSync(join(folder, `${readdirSync(folder).length}`), "w");
  for (const size of [65_536, 4096]) untilFull(() => void writeSync(fd, Buffer.alloc(size)));
  closeSync(fd);
};
const takeInodes: Fill = (folder) => {
  let next = readdirSync(folder).length;
  untilFull(() => closeSync(openSync(join(folder, `${next++}`), "wx")));
};

type Row = [what: string, tmpfs: string, fill: Fill];
const disks: Row[] = [
  ["space", "size=24m", takeSpace],
  ["inodes", "size=64m,nr_inodes=1200", takeInodes],
];

describe.each(disks)("a home without %s", (_what, tmpfs, fill) => {
  test("refuses what needs some, keeps what runs, and takes stops, removals and new daemons", async () => {
    const home = await openTestHome({ tmpfs });
    try {
      await sufferFullDisk(home, fill);
    } finally {
      await home[Symbol.asyncDispose]();
    }
  }, 60_000);
});

async function sufferFullDisk(home: TestHome, fill: Fill): Promise<void> {
  const { api } = home;
  const ballast = join(home.home, "ballast");
  mkdirSync(ballast);
  const running = await createContainer(api, ["sh", "-c", "while :; do echo line; sleep 0.05; done"]);
  await api.ok("POST", `/containers/${running}/start`);
  fill(ballast);
  const base = { Image: "hyperbox/base", Cmd: ["true"] };
  let refused = await api.call("POST", "/containers/create", base);
  // What was ready or in reserve is used up first.
  for (let n = 0; n < 50 && refused.status === 201; n++) {
    await api.call("POST", `/containers/${(refused.json as { Id: string }).Id}/start`);
    fill(ballast);
    refused = await api.call("POST", "/containers/create", base);
  }
  const big = tarOf([member("big", "x".repeat(1 << 20))]);
  const answers = {
    create: refused,
    volume: await api.call("POST", "/volumes/create", { Name: "more" }),
    commit: await api.call("POST", `/commit?container=${running}&repo=more`),
    import: await api.upload("POST", "/images/create?fromSrc=-&repo=more", big),
    load: await api.upload("POST", "/images/load", big),
    copy: await api.upload("PUT", `/containers/${running}/archive?path=/`, big),
  };
  for (const [what, { status, text }] of Object.entries(answers))
    expect(`${what} ${status} ${text}`).toMatch(/^\w+ 500 .*no space left on (the disk|device)/);
  expect(home.log()).not.toMatch(/"event":"(internal|unhandled)"/);
  const images = (await api.ok("GET", "/images/json")).json as { RepoTags: string[] }[];
  expect(images.flatMap(({ RepoTags }) => RepoTags)).toEqual(["hyperbox/base:latest"]);
  const listed = (await api.ok("GET", "/containers/json?all=1")).json as { Id: string }[];
  expect(readdirSync(join(home.home, "containers")).sort()).toEqual(listed.map(({ Id }) => Id).sort());

  expect(await execIn(api, running, ["echo", "here"])).toMatchObject({ code: 0, stdout: "here\n" });
  const attached = await api.hijack(`/containers/${running}/attach?stream=1&stdout=1`);
  expect(String(await new Promise((resolve) => attached.socket.once("data", resolve)))).toContain("line");
  attached.socket.destroy();
  await home.kill("SIGKILL");
  await home.start();
  expect((await execIn(api, running, ["echo", "still"])).stdout).toBe("still\n");
  await api.ok("POST", `/containers/${running}/stop?t=0`);
  await home.kill("SIGTERM");
  await home.start();
  for (const { Id } of listed) await api.ok("DELETE", `/containers/${Id}`);
  expect((await api.ok("GET", "/containers/json?all=1")).json).toEqual([]);
  rmSync(ballast, { recursive: true });
  expect((await sh(api, "echo again")).stdout).toBe("again\n");
}
