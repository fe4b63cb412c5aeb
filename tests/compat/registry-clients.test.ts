/** Debian's clients of registries against `hbx registry serve`: what they push comes back with the same digests. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseImage } from "../support/containers.ts";
import { openTestHome, projectRoot, type TestHome } from "../support/home.ts";
import { type ServedRegistry, serveRegistry } from "../support/registry.ts";

/** The machine's own, or what scripts/test-tools.sh unpacked. */
const PATH = `${process.env["PATH"]}:${join(projectRoot, ".hbx-cache/test-tools/usr/bin")}`;
const which = (name: string): string | null => Bun.which(name, { PATH });
const present = { skopeo: which("skopeo"), podman: which("podman"), buildah: which("buildah") };
for (const [name, path] of Object.entries(present))
  if (path === null) console.log(`compat: no ${name} on this machine, its round trip through the registry is skipped`);

let home: TestHome;
let registry: ServedRegistry;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "hbx-clients-"));
  home = await openTestHome();
  registry = await serveRegistry(home);
  const archive = await home.api.stream(`/images/get?names=${baseImage}`);
  writeFileSync(join(dir, "base.tar"), await archive.bytes());
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

async function run(program: string, ...args: string[]): Promise<string> {
  const child = Bun.spawn([which(program) ?? program, ...args], {
    env: { ...process.env, PATH, HOME: dir, XDG_RUNTIME_DIR: dir, TMPDIR: dir, BUILDAH_ISOLATION: "chroot" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${code}\n${err}`);
  return out.trim();
}

/** What the registry says of a tag. */
async function digestOf(repository: string, tag: string): Promise<string | null> {
  const answer = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { method: "HEAD" });
  return answer.headers.get("docker-content-digest");
}

function indexDigest(layout: string): string {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  return index.manifests[0]?.digest ?? "";
}

describe.skipIf(present.skopeo === null)("skopeo", () => {
  const skopeo = (...args: string[]) => run("skopeo", "--insecure-policy", ...args);
  const target = (name: string) => `docker://${registry.host}/${name}`;

  test("pulls a local image and pushes it again under the same digest", async () => {
    const [first, second] = [join(dir, "first"), join(dir, "second")];
    await skopeo(
      "copy",
      "--preserve-digests",
      "--src-tls-verify=false",
      target(`${baseImage}:latest`),
      `oci:${first}:x`,
    );
    expect(indexDigest(first)).toBe((await digestOf(baseImage, "latest")) ?? "none");
    await skopeo("copy", "--preserve-digests", "--dest-tls-verify=false", `oci:${first}:x`, target("copied/base:v1"));
    expect(await digestOf("copied/base", "v1")).toBe(indexDigest(first));
    await skopeo("copy", "--preserve-digests", "--src-tls-verify=false", target("copied/base:v1"), `oci:${second}:x`);
    expect(indexDigest(second)).toBe(indexDigest(first));
  });

  test("lists tags, copies between repositories and deletes", async () => {
    const [from, to] = [target("copied/base:v1"), target("other/base:v2")];
    await skopeo("copy", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false", from, to);
    expect(await digestOf("other/base", "v2")).toBe(await digestOf("copied/base", "v1"));
    const { Tags } = JSON.parse(await skopeo("list-tags", "--tls-verify=false", target("other/base"))) as {
      Tags: string[];
    };
    expect(Tags).toEqual(["v2"]);
    await skopeo("delete", "--tls-verify=false", to);
    expect(await digestOf("other/base", "v2")).toBeNull();
    expect(await digestOf("copied/base", "v1")).not.toBeNull();
  });
});

for (const program of ["podman", "buildah"] as const) {
  describe.skipIf(present[program] === null)(program, () => {
    test("pushes, and pulls what it pushed under the same digest", async () => {
      const root = join(dir, program);
      mkdirSync(root);
      const storage = ["--root", join(root, "root"), "--runroot", join(root, "run"), "--storage-driver", "vfs"];
      const tool = (verb: string, ...args: string[]) => run(program, ...storage, verb, ...args);
      const image = `${registry.host}/${program}/base:v1`;
      const digestFile = join(root, "digest");
      const id = await tool("pull", "--quiet", `docker-archive:${join(dir, "base.tar")}`);
      await tool("push", "--quiet", "--tls-verify=false", "--digestfile", digestFile, id, image);
      const digest = readFileSync(digestFile, "utf8").trim();
      expect(await digestOf(`${program}/base`, "v1")).toBe(digest);
      // Otherwise it would go on naming the image by the manifest of the archive.
      await tool("rmi", "--all", "--force");
      await tool("pull", "--quiet", "--tls-verify=false", image);
      const name = program === "podman" ? "{{.Repository}}" : "{{.Name}}";
      const listed = await tool("images", "--digests", "--format", `${name} {{.Digest}}`);
      expect(listed.replace(/ +/g, " ").split("\n")).toContain(`${registry.host}/${program}/base ${digest}`);
      await tool("rmi", "--all", "--force");
    }, 60_000);
  });
}
