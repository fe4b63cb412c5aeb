/** `hbx image diff`: what differs between two images, found without looking at what is equal. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { runContainer } from "../support/containers.ts";
import { outcome, wholeCommand } from "../support/front.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { dockerArchive } from "../support/images.ts";
import { member, tarOf } from "../support/tar.ts";

const base = tarOf([
  member("bin/busybox", readFileSync("/bin/busybox"), { mode: 0o755 }),
  ...["sh", "chmod", "mkdir", "rm", "rmdir", "ln"].map((name) =>
    member(`bin/${name}`, "", { type: "2", link: "busybox" }),
  ),
  ...["content", "mode", "gone", "file-to-link", "file-to-dir"].map((name) => member(`srv/${name}`, `${name}\n`)),
  ...["dir-mode", "dir-gone"].map((name) => member(`srv/${name}/inside`, "inside\n")),
  ...Array.from({ length: 2000 }, (_, at) => member(`usr/lib/equal-${String(at).padStart(4, "0")}`, `${at}\n`)),
]);
const change = `cd /srv && echo new >content && chmod 600 mode && rm gone && rm file-to-link && ln -s content file-to-link &&
  rm file-to-dir && mkdir file-to-dir && echo x >file-to-dir/x && chmod 700 dir-mode && rm dir-gone/inside && rmdir dir-gone &&
  mkdir added && echo y >added/y`;
const changed = `\
A /srv/added
A /srv/added/y
C /srv/content
D /srv/dir-gone
D /srv/dir-gone/inside
C /srv/dir-mode
C /srv/file-to-dir
A /srv/file-to-dir/x
C /srv/file-to-link
D /srv/gone
C /srv/mode
`;
const letters: Record<string, string> = { A: "D", D: "A", C: "C" };
const backwards = changed.replace(/^./gm, (letter) => letters[letter] ?? "?");

const home = await openTestHome({ image: false });
afterAll(async () => await home[Symbol.asyncDispose]());
const isErofs = ((await home.api.ok("GET", "/info")).json as { Driver: string }).Driver === "erofs";
const load = (at: TestHome, name: string, layers: Uint8Array[], architecture?: string) =>
  at.api.upload("POST", "/images/load", dockerArchive(name, layers, {}, architecture) as Uint8Array<ArrayBuffer>);
const diff = (...args: string[]) => outcome([...wholeCommand, "image", "diff", ...args], home.env);

describe.skipIf(!isErofs)("image diff", () => {
  beforeAll(async () => {
    await load(home, "before", [base]);
    const { id, code } = await runContainer(home.api, ["sh", "-c", change], { Image: "before" }, true);
    expect(code).toBe(0);
    await home.api.ok("POST", `/commit?container=${id}&repo=after`);
    await home.api.ok("DELETE", `/containers/${id}`);
  });

  test("names what a commit changed, both ways, and nothing else", async () => {
    expect(await diff("before", "after")).toEqual({ code: 0, stdout: changed, stderr: "" });
    expect(await diff("after", "before")).toEqual({ code: 0, stdout: backwards, stderr: "" });
    expect(await diff("after", "after:latest")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("prints by a format, and answers as a container's changes are", async () => {
    expect((await diff("--format", "{{.Path}} {{.Type}}", "before", "after")).stdout).toContain("/srv/mode C\n");
    const { json } = await home.api.ok("GET", "/hbx/v1/images/diff?from=before&to=after");
    expect(json).toContainEqual({ Path: "/srv/added/y", Kind: 1 });
    expect(json).toHaveLength(changed.split("\n").length - 1);
  });

  test("does not look at what is below equal directories", async () => {
    const { json } = await home.api.ok("GET", "/images/before/json");
    const { ImageFile } = (json as { GraphDriver: { Data: { ImageFile: string } } }).GraphDriver.Data;
    const tree = readFileSync(`${ImageFile}.tree`);
    const renameInTree = (from: string, to: string) => {
      const other = Buffer.from(tree);
      expect(tree.indexOf(from)).toBeGreaterThan(0);
      other.write(to, tree.indexOf(from));
      writeFileSync(`${ImageFile}.tree`, other);
    };
    try {
      // Whoever reads the names of a directory finds one that `after` has not.
      renameInTree("file-to-link", "file-to-lime");
      expect((await diff("before", "after")).stdout).toContain("D /srv/file-to-lime\n");
      renameInTree("equal-1234", "other-1234");
      expect(await diff("before", "after")).toEqual({ code: 0, stdout: changed, stderr: "" });
    } finally {
      writeFileSync(`${ImageFile}.tree`, tree);
    }
  });

  test("compares with an image that has no layers, and makes a tree again that is gone", async () => {
    await load(home, "nothing", []);
    const { json } = await home.api.ok("GET", "/images/before/json");
    rmSync(`${(json as { GraphDriver: { Data: { ImageFile: string } } }).GraphDriver.Data.ImageFile}.tree`);
    const { stdout } = await diff("nothing", "before");
    expect(stdout).toContain("A /srv/gone\n");
    expect(stdout).not.toMatch(/^D/m);
    expect(await diff("before", "after")).toEqual({ code: 0, stdout: changed, stderr: "" });
  });

  test("compares images for other platforms, unless a platform is asked for", async () => {
    const architecture = process.arch === "arm64" ? "amd64" : "arm64";
    await load(home, "foreign", [base], architecture);
    expect(await diff("before", "foreign")).toEqual({ code: 0, stdout: "", stderr: "" });
    const own = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
    expect((await diff("--platform", own, "before", "after")).code).toBe(0);
    const { code, stderr } = await diff("--platform", own, "before", "foreign");
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`for ${own}`) });
  });

  test("refuses what is missing", async () => {
    const { code, stdout, stderr } = await diff("before", "missing");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("No such image: missing");
    expect((await home.api.call("GET", "/hbx/v1/images/diff?from=before&to=missing")).status).toBe(404);
    const { status, text } = await home.api.call("GET", "/hbx/v1/images/diff?from=before");
    expect({ status, text }).toMatchObject({ status: 400, text: expect.stringContaining("parameter to is missing") });
  });
});

test("image diff is refused where layers are plain directories", async () => {
  await using plain = await openTestHome({ image: false, config: { storageDriver: "overlayfs" } });
  await load(plain, "before", [base]);
  const { status, text } = await plain.api.call("GET", "/hbx/v1/images/diff?from=before&to=before");
  expect({ status, text }).toMatchObject({ status: 501, text: expect.stringContaining("storage driver overlayfs") });
  const { code, stderr } = await outcome([...wholeCommand, "image", "diff", "before", "before"], plain.env);
  expect(code).toBe(1);
  expect(stderr).toContain("storage driver overlayfs");
});
