/** Archives that lie: traversal, bombs, wrong digests, damage. Each is refused by name and leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createContainer, execIn } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { member, tarOf } from "../support/tar.ts";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  for (const path of ["/hbx-owned", "/tmp/hbx-owned", "/etc/hbx-owned"]) expect(existsSync(path)).toBe(false);
});

const stored = (): string[] =>
  ["blobs/sha256", "blobs/drafts", "layers"].flatMap((folder) => {
    const path = join(home.home, folder);
    return existsSync(path) ? readdirSync(path).map((name) => `${folder}/${name}`) : [];
  });

async function refusedImport(archive: Uint8Array, wanted: RegExp): Promise<void> {
  const before = stored();
  const { status, text } = await home.api.upload("POST", "/images/create?fromSrc=-&repo=evil", archive);
  expect(`${status} ${text}`).toMatch(wanted);
  expect(stored()).toEqual(before);
}

describe("import", () => {
  test("a name that climbs out is refused", () =>
    refusedImport(tarOf([member("../../../../hbx-owned", "x")]), /traversal|reaches out|\.\./));
  test("a link to the host followed by a file through it is refused or kept inside", async () => {
    const archive = tarOf([member("way", "", { type: "2", link: "/" }), member("way/hbx-owned", "x")]);
    const { status, text } = await home.api.upload("POST", "/images/create?fromSrc=-&repo=link", archive);
    expect(existsSync("/hbx-owned")).toBe(false);
    expect([200, 400]).toContain(status);
    if (status === 200 && !text.includes("error")) await home.api.ok("DELETE", "/images/link?force=1");
  });
  test("a hard link to the host is refused", () =>
    refusedImport(
      tarOf([member("h", "", { type: "1", link: "../../../../etc/shadow" })]),
      /traversal|reaches out|\.\.|no such/i,
    ));
  test("noise is refused", () => refusedImport(Buffer.alloc(4096, 0x41), /damaged|corrupt|not a tar/i));
  test("a torn gzip is refused", () =>
    refusedImport(
      Bun.gzipSync(tarOf([member("f", "x".repeat(50_000))])).subarray(0, 60),
      /damaged|corrupt|truncated|end/i,
    ));
  test(
    "a bomb is refused by its ratio",
    () => refusedImport(Bun.gzipSync(tarOf([member("zeros", Buffer.alloc(300 << 20))])), /too large|limit|ratio/i),
    60_000,
  );
});

describe("load", () => {
  const load = async (entries: Uint8Array[]): Promise<string> => {
    const before = stored();
    const { status, text } = await home.api.upload("POST", "/images/load", tarOf(entries));
    expect(stored()).toEqual(before);
    return `${status} ${text}`;
  };
  test("an archive without an image is refused", async () => {
    expect(await load([member("readme", "hello")])).toMatch(/^400 .*Cannot load the archive/);
  });
  test("a blob that is not what its digest says is refused", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const index = {
      schemaVersion: 2,
      manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 2 }],
    };
    const entries = [
      member("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
      member("index.json", JSON.stringify(index)),
      member(`blobs/sha256/${"0".repeat(64)}`, "{}"),
    ];
    expect(await load(entries)).toMatch(/digest/);
  });
  test("a manifest that names files outside is refused", async () => {
    const manifest = [{ Config: "../../../etc/passwd", RepoTags: ["evil:1"], Layers: ["../../../etc/shadow"] }];
    expect(await load([member("manifest.json", JSON.stringify(manifest))])).toMatch(/^400 /);
  });
  test("links in the outer archive are refused", async () => {
    expect(await load([member("manifest.json", "", { type: "2", link: "/etc/passwd" })])).toMatch(/^400 /);
  });
});

describe("copying into and out of a container", () => {
  test("links lead nowhere but into the container", async () => {
    const id = await createContainer(home.api, [
      "sh",
      "-c",
      "ln -s /tmp /abs; ln -s ../../../../tmp /rel; ln -s /etc/shadow /secret; exec sleep 60",
    ]);
    await home.api.ok("POST", `/containers/${id}/start`);
    await execIn(home.api, id, ["sh", "-c", "until test -L /secret; do :; done; mkdir -p /tmp"]);
    for (const path of ["/abs", "/rel"]) {
      const put = await home.api.upload(
        "PUT",
        `/containers/${id}/archive?path=${path}`,
        tarOf([member("hbx-owned", "x")]),
      );
      expect(put.status).toBe(200);
      expect(existsSync("/tmp/hbx-owned")).toBe(false);
    }
    const out = await home.api.call("GET", `/containers/${id}/archive?path=/secret/`);
    expect(out.text).not.toContain("root:");
    const climbing = await home.api.upload(
      "PUT",
      `/containers/${id}/archive?path=/`,
      tarOf([member("../../hbx-owned", "x")]),
    );
    expect(climbing.status).toBeGreaterThanOrEqual(400);
    const through = tarOf([member("l", "", { type: "2", link: "/../../.." }), member("l/hbx-owned", "x")]);
    await home.api.upload("PUT", `/containers/${id}/archive?path=/`, through);
    expect(existsSync("/hbx-owned")).toBe(false);
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  });
});
