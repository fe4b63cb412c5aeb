/** Search of what a registry shows: words, labels, platforms, packages, in our own form and in that of `docker search`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { openTestHome, type TestHome } from "../support/home.ts";
import { type ServedRegistry, serveRegistry } from "../support/registry.ts";
import { member, tarOf } from "../support/tar.ts";

let home: TestHome;
let registry: ServedRegistry;
beforeAll(async () => {
  home = await openTestHome();
  registry = await serveRegistry(home);
  const debian = (version: string) =>
    tarOf([member("var/lib/dpkg/status", `Package: openssl\nStatus: install ok installed\nVersion: ${version}\n`)]);
  const alpine = tarOf([member("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n\nP:openssl\nV:3.3.2-r0\n")]);
  await push("team/web", "v1", "amd64", { tier: "front", "org.opencontainers.image.description": "The shop" }, [
    debian("3.0.11"),
  ]);
  await push("team/web", "v2", "amd64", { tier: "front" }, [debian("3.0.11"), debian("3.0.15")]);
  await push("team/tool", "v1", "arm64", { tier: "back" }, [alpine]);
  await push("broken", "v1", "amd64", {}, [new TextEncoder().encode("no archive")]);
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function push(
  name: string,
  tag: string,
  architecture: string,
  Labels: Record<string, string>,
  tars: Uint8Array[],
) {
  const blob = async (bytes: Uint8Array, mediaType: string) => {
    const digest = sha256(bytes);
    const url = `${registry.url}/v2/${name}/blobs/uploads/?digest=${digest}`;
    expect((await fetch(url, { method: "POST", body: bytes as Uint8Array<ArrayBuffer> })).status).toBe(201);
    return { mediaType, digest, size: bytes.byteLength };
  };
  const config = {
    os: "linux",
    architecture,
    config: { Labels },
    rootfs: { type: "layers", diff_ids: tars.map(sha256) },
  };
  const manifest = {
    schemaVersion: 2,
    config: await blob(new TextEncoder().encode(JSON.stringify(config)), "application/vnd.oci.image.config.v1+json"),
    layers: await Promise.all(tars.map((tar) => blob(gzipSync(tar), "application/vnd.oci.image.layer.v1.tar+gzip"))),
  };
  const headers = { "Content-Type": "application/vnd.oci.image.manifest.v1+json" };
  const answer = await fetch(`${registry.url}/v2/${name}/manifests/${tag}`, {
    method: "PUT",
    body: JSON.stringify(manifest),
    headers,
  });
  expect(answer.status).toBe(201);
}

type Found = { results: { name: string; tag: string; packages: { version: string }[] }[]; pending: number };
async function search(query: string): Promise<Found> {
  const answer = await fetch(`${registry.url}/v2/_hyperbox/search?wait=20&${query}`);
  return (await answer.json()) as Found;
}
const names = ({ results }: Found) => results.map(({ name, tag }) => `${name}:${tag}`);

test.each([
  ["", ["broken:v1", "hyperbox/base:latest", "team/tool:v1", "team/web:v1", "team/web:v2"]],
  ["q=shop", ["team/web:v1"]],
  ["q=TEAM+v2", ["team/web:v2"]],
  ["q=nothing", []],
  ["name=tool", ["team/tool:v1"]],
  ["tag=v2", ["team/web:v2"]],
  ["label=tier", ["team/tool:v1", "team/web:v1", "team/web:v2"]],
  ["label=tier%3Dback", ["team/tool:v1"]],
  ["platform=linux/arm64", ["team/tool:v1"]],
  ["package=openssl", ["team/tool:v1", "team/web:v1", "team/web:v2"]],
  ["package=openssl%3D3.0.11", ["team/web:v1"]],
  ["package=openssl&package=musl", ["team/tool:v1"]],
  ["package=openssl&label=tier%3Dfront&q=v2", ["team/web:v2"]],
  ["n=2&last=hyperbox/base:latest", ["team/tool:v1", "team/web:v1"]],
])("search by %p finds %j", async (query, expected) => {
  const found = await search(query);
  expect(names(found)).toEqual(expected);
  expect(found.pending).toBe(0);
});

test("docker search's form has a result for each repository", async () => {
  expect(await (await fetch(`${registry.url}/v1/_ping`)).json()).toEqual({ standalone: true });
  const answer = await fetch(`${registry.url}/v1/search?q=team&n=1`);
  expect(await answer.json()).toMatchObject({
    num_results: 2,
    num_pages: 2,
    page: 1,
    results: [{ name: "team/tool" }],
  });
  const second = await fetch(`${registry.url}/v1/search?q=team&n=1&page=2`);
  expect(await second.json()).toMatchObject({
    results: [{ name: "team/web", description: "The shop", star_count: 0 }],
  });
});

test("hbx registry search asks the same", async () => {
  const child = Bun.spawn(
    [`${import.meta.dirname}/../../bin/hbx`, "registry", "search", "--package", "openssl", "web"],
    {
      env: home.env,
      stdout: "pipe",
    },
  );
  expect((await new Response(child.stdout).text()).replace(/ +/g, " ").split("\n").slice(0, 3)).toEqual([
    "NAME TAG PLATFORMS PACKAGES",
    "team/web v1 linux/amd64 openssl 3.0.11",
    "team/web v2 linux/amd64 openssl 3.0.15",
  ]);
});
