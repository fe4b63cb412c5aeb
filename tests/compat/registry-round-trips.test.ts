/** Pulls and pushes between us, Debian's docker-registry and other clients: digests stay what they are. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DockerRegistry, openDockerRegistry, testTool } from "../support/docker-registry.ts";
import { openTestHome, projectRoot, type TestHome } from "../support/home.ts";

const skopeoProgram = testTool("skopeo");
const missing = testTool("docker-registry") === null;
const docker = Bun.which("docker");
const [podman, buildah, umoci] = ["podman", "buildah", "umoci"].map((name) => Bun.which(name));

let home: TestHome;
let registry: DockerRegistry;
let directory: string;
let source = "";

function run(program: string, args: readonly string[], input = ""): Promise<{ code: number; out: string }> {
  const env = { ...home.env, DOCKER_CONFIG: directory, HOME: directory };
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (out += String(chunk)));
    child.stdin.end(input);
    child.once("close", (code) => resolve({ code: code ?? -1, out }));
  });
}

async function ok(program: string, ...args: string[]): Promise<string> {
  const { code, out } = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${out}`);
  return out;
}

const hbx = (...args: string[]) => ok(join(projectRoot, "bin/hbx"), ...args);
const skopeo = (...args: string[]) => ok(skopeoProgram ?? "skopeo", "--insecure-policy", ...args);
const digestAt = async (name: string): Promise<string> => {
  const response = await fetch(`http://${registry.host}/v2/${name.replace(":", "/manifests/")}`, {
    method: "HEAD",
    headers: {
      Accept:
        "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json",
    },
  });
  return response.headers.get("docker-content-digest") ?? `status ${response.status}`;
};

beforeAll(async () => {
  if (missing) return;
  directory = mkdtempSync(join(tmpdir(), "hbx-trips-"));
  home = await openTestHome();
  registry = await openDockerRegistry();
  source = `${registry.host}/first/base:1`;
  await hbx("tag", "hyperbox/base", source);
  await hbx("push", source);
}, 60_000);

afterAll(async () => {
  if (missing) return;
  await registry[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

describe.skipIf(missing)("with docker-registry", () => {
  test("a push, a removal and a pull keep the digest, and a container runs", async () => {
    const digest = await digestAt("first/base:1");
    await hbx("rmi", "-f", source, "hyperbox/base");
    expect(await hbx("run", "--rm", source, "echo", "pulled")).toContain("pulled");
    const again = `${registry.host}/second/base:1`;
    await hbx("tag", source, again);
    expect(await hbx("push", again)).toContain(digest);
    expect(await digestAt("second/base:1")).toBe(digest);
    expect(await hbx("images", "--digests")).toContain(digest);
  }, 60_000);

  test("search finds names, manifest inspect shows bytes, distribution describes", async () => {
    expect(await hbx("search", `${registry.host}/base`)).toContain("first/base");
    const raw = await hbx("manifest", "inspect", "--raw", source);
    expect(`sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`).toBe(await digestAt("first/base:1"));
    const answer = await home.api.ok("GET", `/distribution/${source}/json`);
    expect(answer.json).toMatchObject({ Descriptor: { digest: await digestAt("first/base:1") } });
  }, 60_000);

  test("image copy moves an index with all of its platforms and what it refers to", async () => {
    const layout = join(directory, "index");
    await hbx("image", "copy", source, `oci:${layout}`);
    const manifestType = "application/vnd.oci.image.index.v1+json";
    const index = JSON.parse(await Bun.file(join(layout, "index.json")).text());
    const [entry] = index.manifests;
    const nested = JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      manifests: [{ ...entry, platform: { os: "linux", architecture: "amd64" } }],
    });
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(nested).digest("hex")}`;
    writeFileSync(join(layout, "blobs/sha256", digest.slice(7)), nested);
    const manifests = [{ mediaType: manifestType, digest, size: nested.length }];
    writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    const [many, copied] = [`${registry.host}/many:1`, `${registry.host}/copied:1`];
    await hbx("image", "copy", "--all", `oci:${layout}`, many);
    expect(await digestAt("many:1")).toBe(digest);
    await hbx("image", "copy", "--all", many, copied);
    expect(await digestAt("copied:1")).toBe(digest);
    await hbx("image", "copy", many, `oci-archive:${join(directory, "one.tar")}`);
    await hbx("image", "copy", `oci-archive:${join(directory, "one.tar")}`, `${registry.host}/one:1`);
    expect(await digestAt("one:1")).toBe(await digestAt("first/base:1"));
  }, 60_000);

  test("what is not there and who may not are told as Docker tells them", async () => {
    const { code, out } = await run(join(projectRoot, "bin/hbx"), ["pull", `${registry.host}/none`]);
    expect([code, out]).toEqual([1, expect.stringContaining("not found: manifest unknown")]);
    const never = await run(join(projectRoot, "bin/hbx"), ["run", "--rm", "--pull", "never", "none", "true"]);
    expect([never.code, never.out]).toEqual([125, expect.stringContaining("No such image")]);
  }, 60_000);

  test("login keeps credentials in config.json only, and logout removes them", async () => {
    const login = await run(
      join(projectRoot, "bin/hbx"),
      ["login", "-u", "me", "--password-stdin", registry.host],
      "pass\n",
    );
    expect([login.code, login.out]).toEqual([0, expect.stringContaining("Login Succeeded")]);
    const config = await Bun.file(join(directory, "config.json")).json();
    expect(config.auths[registry.host]).toEqual({ auth: btoa("me:pass") });
    expect(await hbx("logout", registry.host)).toContain("Removing login credentials");
    expect(home.log()).not.toContain("pass");
  }, 60_000);

  describe.skipIf(skopeoProgram === null)("skopeo", () => {
    test("what we push it copies, and what it pushes we pull, with one digest", async () => {
      const digest = await digestAt("first/base:1");
      const there = `docker://${registry.host}/by/skopeo:1`;
      await skopeo(
        "copy",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        `docker://${source}`,
        there,
      );
      expect(await hbx("pull", `${registry.host}/by/skopeo:1`)).toContain(digest);
      const archive = `oci-archive:${join(directory, "ours.tar")}`;
      await hbx("image", "copy", source, archive);
      expect((await skopeo("inspect", "--format", "{{.Digest}}", archive)).trim()).toBe(digest);
    }, 60_000);
  });

  describe.skipIf(docker === null)("docker", () => {
    test("its command line pulls and pushes through our daemon", async () => {
      const host = ["-H", `unix://${home.socket}`];
      await ok("docker", ...host, "rmi", "-f", source);
      expect(await ok("docker", ...host, "pull", source)).toContain(await digestAt("first/base:1"));
      const again = `${registry.host}/by/docker:1`;
      await ok("docker", ...host, "tag", source, again);
      expect(await ok("docker", ...host, "push", again)).toContain(await digestAt("first/base:1"));
      expect(await digestAt("by/docker:1")).toBe(await digestAt("first/base:1"));
    }, 60_000);
  });

  describe.skipIf(!podman)("podman", () => {
    test("what it pulled and pushed elsewhere we pull again", async () => {
      const storage = [
        "--root",
        join(directory, "root"),
        "--runroot",
        join(directory, "runroot"),
        "--storage-driver",
        "vfs",
      ];
      const again = `${registry.host}/by/podman:1`;
      await ok("podman", ...storage, "pull", "--tls-verify=false", source);
      await ok("podman", ...storage, "push", "--tls-verify=false", source, `docker://${again}`);
      await ok("podman", ...storage, "rmi", "-f", source);
      expect(await hbx("pull", again)).toContain(await digestAt("by/podman:1"));
    }, 60_000);
  });

  describe.skipIf(!buildah)("buildah", () => {
    test("it pulls what we pushed", async () => {
      const storage = [
        "--root",
        join(directory, "broot"),
        "--runroot",
        join(directory, "brun"),
        "--storage-driver",
        "vfs",
      ];
      expect(await ok("buildah", ...storage, "pull", "--tls-verify=false", source)).toMatch(/[0-9a-f]{64}/);
    }, 60_000);
  });

  describe.skipIf(!umoci)("umoci", () => {
    test("it reads the layouts that we write", async () => {
      await hbx("image", "copy", source, `oci:${join(directory, "for-umoci")}:1`);
      expect(await ok("umoci", "stat", "--image", `${join(directory, "for-umoci")}:1`)).toContain("LAYER");
    }, 60_000);
  });
});
