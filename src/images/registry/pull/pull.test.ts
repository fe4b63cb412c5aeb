import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { createImageResolver } from "../../resolve.ts";
import { addImage, noise, ociConfig, ociIndex, ociManifest, openPullHome, pullFrom } from "../testing/pull-from.ts";
import { openTestRegistry } from "../testing/test-registry.ts";

/** The beginning, in pieces, so that progress is told in between; then nothing more. */
function writeSlowly(response: ServerResponse, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(at, at + 100_000));
    at += 100_000;
    if (at >= 1_000_000) clearInterval(timer);
  }, 30);
  response.once("close", () => clearInterval(timer));
}

const base = { "etc/os": "base\n".repeat(5000) };

test.each(["none", "gzip", "zstd"] as const)(
  "pullImage() brings an image of %s layers, names and all",
  async (compression) => {
    await using registry = await openTestRegistry();
    using at = openPullHome();
    const { digest } = addImage(registry, [base, { "app/run": "run\n" }], { tags: ["1"], compression });
    const lines = await pullFrom(at, { name: `${registry.host}/a/b:1` });
    expect(lines[0]).toBe("1: Pulling from a/b");
    expect(lines.slice(-2)).toEqual([`Digest: ${digest}`, `Status: Downloaded newer image for ${registry.host}/a/b:1`]);
    expect(lines.filter((line) => line.endsWith("Pull complete")).length).toBe(2);
    const image = at.images.store.find(`${registry.host}/a/b:1`);
    expect(at.images.store.find(`${registry.host}/a/b@${digest}`).id).toBe(image.id);
    const { layers } = await createImageResolver(at.images).byId(image.id);
    expect(layers.lowers.map((lower) => readdirSync(lower))).toEqual([["app"], ["etc"]]);
    expect(readdirSync(join(at.home, "blobs/partial"))).toEqual([]);
    expect(readdirSync(join(at.home, "blobs/drafts"))).toEqual([]);
  },
);

test("pullImage() asks with one HEAD for an image that is there, and not at all for one named by its digest", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  const { digest } = addImage(registry, [base]);
  await pullFrom(at, { name: `${registry.host}/a` });
  registry.seen.length = 0;
  const lines = await pullFrom(at, { name: `${registry.host}/a` });
  expect(registry.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(["HEAD /v2/a/manifests/latest"]);
  expect(lines.at(-1)).toBe(`Status: Image is up to date for ${registry.host}/a:latest`);
  registry.seen.length = 0;
  await pullFrom(at, { name: `${registry.host}/a@${digest}` });
  expect(registry.seen).toEqual([]);
});

test("pullImage() takes the platform of an index that was asked for, or the host's", async () => {
  await using registry = await openTestRegistry();
  const entries = ["amd64", "arm64"].map((architecture) => {
    const { digest } = addImage(registry, [{ arch: architecture }], { tags: [], extra: { architecture } });
    const size = registry.manifests.get(digest)?.bytes.byteLength;
    return { mediaType: ociManifest, digest, size, platform: { os: "linux", architecture } };
  });
  const attestation = { ...entries[0], platform: { os: "unknown", architecture: "unknown" } };
  const { digest } = registry.addManifest(
    { schemaVersion: 2, manifests: [attestation, ...entries] },
    ociIndex,
    "latest",
  );
  using at = openPullHome();
  const name = `${registry.host}/multi`;
  for (const architecture of ["arm64", "amd64"]) {
    const lines = await pullFrom(at, { name, platform: { os: "linux", architecture, variant: "" } });
    expect(lines).toContain(`Digest: ${digest}`);
    expect(at.images.store.find(name).file.architecture).toBe(architecture);
  }
  const missing = pullFrom(at, { name, platform: { os: "linux", architecture: "s390x", variant: "" } });
  await expect(missing).rejects.toThrow("no matching manifest for linux/s390x");
});

test("pullImage() refuses an image for another platform than the one asked for", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [base]);
  const wanted = { os: "linux", architecture: "riscv64", variant: "" };
  await expect(pullFrom(at, { name: `${registry.host}/a`, platform: wanted })).rejects.toThrow(
    "does not provide the specified platform (linux/riscv64)",
  );
  expect(at.images.store.list()).toEqual([]);
});

test("two pulls of one image fetch each blob once", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  const { layers } = addImage(registry, [base, { "app/run": noise(400_000) }], { compression: "none" });
  addImage(registry, [base, { "app/run": noise(400_000) }], { compression: "none", tags: ["other"] });
  const names = ["latest", "latest", "other"].map((tag) => `${registry.host}/a:${tag}`);
  await Promise.all(names.map((name) => pullFrom(at, { name })));
  for (const { digest } of layers) {
    const fetched = registry.seen.filter(({ path }) => path.endsWith(digest));
    expect(fetched.length).toBe(1);
  }
  expect(at.images.store.list().length).toBe(1);
});

test("pullImage() fetches large layers in several parts at once, and the whole where a registry hands out none", async () => {
  for (const parts of [true, false]) {
    await using registry = await openTestRegistry();
    using at = openPullHome({ stallMs: 5000 });
    const { layers } = addImage(registry, [{ big: noise(20 * 1024 * 1024) }], { compression: "none" });
    if (!parts)
      registry.before = ({ request }) => {
        delete request.headers.range;
        return false;
      };
    await pullFrom(at, { name: `${registry.host}/big` });
    const ranges = registry.seen.filter(({ path }) => path.endsWith(layers[0]?.digest ?? "")).map(({ range }) => range);
    expect(ranges).toEqual(
      parts
        ? [0, 1, 2].map((part) => `bytes=${part * 8388608}-${Math.min((part + 1) * 8388608, layers[0]?.size ?? 0) - 1}`)
        : ["bytes=0-8388607"],
    );
  }
});

test("a broken download goes on where it stopped, after a restart too", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome({ attempts: 1 });
  const { layers } = addImage(registry, [{ big: noise(3_000_000) }], { compression: "none" });
  const [layer] = layers;
  let sent = 0;
  registry.before = ({ path, response, request }) => {
    if (!path.endsWith(layer?.digest ?? "") || sent > 0) return false;
    const bytes = registry.blobs.get(layer?.digest ?? "") ?? Buffer.alloc(0);
    response.writeHead(200, { "Content-Length": bytes.byteLength });
    sent = 2_000_000;
    response.write(bytes.subarray(0, sent), () => setTimeout(() => request.socket.destroy(), 50));
    return true;
  };
  await expect(pullFrom(at, { name: `${registry.host}/a` })).rejects.toThrow("Cannot reach");
  expect(at.images.store.table.layers()).toEqual([]);
  at.reopen();
  await pullFrom(at, { name: `${registry.host}/a` });
  const ranges = registry.seen.filter(({ path }) => path.endsWith(layer?.digest ?? "")).map(({ range }) => range);
  expect(ranges.length).toBe(2);
  const from = Number(/^bytes=(\d+)-/.exec(ranges[1] ?? "")?.[1]);
  expect(from).toBeGreaterThan(0);
  expect(from).toBeLessThanOrEqual(sent);
});

test("a pull that is given up stops its downloads and leaves nothing", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome({ stallMs: 20_000 });
  const { layers } = addImage(registry, [{ big: noise(3_000_000) }], { compression: "none" });
  const closed = Promise.withResolvers<void>();
  const stop = new AbortController();
  registry.before = ({ path, response }) => {
    if (!path.endsWith(layers[0]?.digest ?? "")) return false;
    response.writeHead(200, { "Content-Length": layers[0]?.size ?? 0 });
    writeSlowly(response, registry.blobs.get(layers[0]?.digest ?? "") ?? Buffer.alloc(0));
    response.once("close", () => closed.resolve());
    return true;
  };
  const onStatus = (status: string, bytes: number) =>
    status === "Downloading" && bytes > 0 && stop.abort(new Error("the client left"));
  await expect(pullFrom(at, { name: `${registry.host}/a`, signal: stop.signal, onStatus })).rejects.toThrow(
    "the client left",
  );
  await closed.promise;
  for (const directory of ["blobs/partial", "blobs/drafts", "blobs/sha256", "layers/drafts"])
    expect(readdirSync(join(at.home, directory))).toEqual([]);
});

test("a pull whose daemon ends keeps what came", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome({ stallMs: 20_000 });
  const { layers } = addImage(registry, [{ big: noise(3_000_000) }], { compression: "none" });
  const stop = new AbortController();
  registry.before = ({ path, response }) => {
    if (!path.endsWith(layers[0]?.digest ?? "")) return false;
    response.writeHead(200, { "Content-Length": layers[0]?.size ?? 0 });
    writeSlowly(response, registry.blobs.get(layers[0]?.digest ?? "") ?? Buffer.alloc(0));
    return true;
  };
  const onStatus = (status: string, bytes: number) => {
    if (status !== "Downloading" || bytes === 0) return;
    at.images.closing = true;
    stop.abort(new Error("the daemon ends"));
  };
  await expect(pullFrom(at, { name: `${registry.host}/a`, signal: stop.signal, onStatus })).rejects.toThrow(
    "the daemon ends",
  );
  expect(readdirSync(join(at.home, "blobs/partial")).length).toBe(2);
});

test("pullImage() takes foreign layers from where their descriptor says, without our name", async () => {
  await using registry = await openTestRegistry();
  await using elsewhere = await openTestRegistry();
  using at = openPullHome();
  const { digest, layers } = addImage(registry, [base]);
  const manifest = JSON.parse(String(registry.manifests.get(digest)?.bytes));
  const [layer] = layers;
  const bytes = registry.blobs.get(layer?.digest ?? "");
  registry.blobs.delete(layer?.digest ?? "");
  elsewhere.before = ({ response }) => {
    response.end(bytes);
    return true;
  };
  manifest.layers[0].mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  manifest.layers[0].urls = [`http://${elsewhere.host}/layer`];
  registry.addManifest(manifest, ociManifest, "latest");
  await pullFrom(at, { name: `${registry.host}/a` });
  expect(elsewhere.seen.map(({ path, authorization }) => [path, authorization])).toEqual([["/layer", ""]]);
});

test("pullImage() passes mirrors by that lack an image or fail, and gives them no password", async () => {
  await using registry = await openTestRegistry();
  await using mirror = await openTestRegistry();
  await using broken = await openTestRegistry();
  broken.before = ({ response }) => {
    response.writeHead(500).end();
    return true;
  };
  const credentials = { username: "u", password: "secret", identityToken: "", registryToken: "" };
  using at = openPullHome({
    attempts: 1,
    mirrors: { [registry.host]: [`http://${broken.host}`, `http://${mirror.host}`] },
  });
  addImage(registry, [base]);
  await pullFrom(at, { name: `${registry.host}/a`, credentials });
  expect(mirror.seen.map(({ authorization }) => authorization).join("")).toBe("");
  addImage(mirror, [base, { new: "x" }], { tags: ["2"] });
  registry.seen.length = 0;
  await pullFrom(at, { name: `${registry.host}/a:2`, credentials });
  expect(registry.seen).toEqual([]);
  addImage(registry, [base, { third: "y" }], { tags: ["3"] });
  const { layers } = addImage(mirror, [base, { third: "y" }], { tags: ["3"] });
  mirror.blobs.delete(layers[1]?.digest ?? "");
  await pullFrom(at, { name: `${registry.host}/a:3`, credentials });
  expect(registry.seen.map(({ path }) => path)).toEqual([`/v2/a/blobs/${layers[1]?.digest}`]);
});

test("pullImage() refuses artifacts, schema 1 and what is neither manifest nor index", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  const config = { mediaType: "application/vnd.cncf.helm.config.v1+json", ...registry.addBlob("{}") };
  const refuse = async (value: unknown, type: string, message: string) => {
    registry.addManifest(value, type, "latest");
    await expect(pullFrom(at, { name: `${registry.host}/x` })).rejects.toThrow(message);
  };
  const image = { schemaVersion: 2, config: { ...config, mediaType: ociConfig }, layers: [] };
  await refuse({ ...image, config }, ociManifest, "it is an artifact of type");
  await refuse(
    { schemaVersion: 1, fsLayers: [] },
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "schema version 1",
  );
  await refuse({ schemaVersion: 1, fsLayers: [] }, "application/json", "schema version 1");
  await refuse("hello", ociManifest, "it is not JSON");
  await refuse({ ...image, manifests: [] }, ociManifest, "an index and a manifest at once");
  await refuse({ schemaVersion: 2, mediaType: ociIndex, manifests: [] }, ociManifest, "calls itself");
  await refuse({ schemaVersion: 2, manifests: [] }, ociIndex, "no matching manifest");
  await refuse(
    { ...image, layers: Array.from({ length: 128 }, () => ({ ...config, mediaType: ociManifest })) },
    ociManifest,
    "more than the 127",
  );
  await refuse({ ...image, layers: [config] }, ociManifest, "unknown type");
  await refuse({ schemaVersion: 2, manifests: Array.from({ length: 1001 }, () => ({})) }, ociIndex, "more than 1000");
  expect(at.images.store.list()).toEqual([]);
});

test("pullImage() ends an index that leads into itself or is nested too deeply", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  const platform = { os: "linux", architecture: "amd64" };
  let entry: Record<string, unknown> = { mediaType: ociManifest, digest: `sha256:${"0".repeat(64)}`, size: 3 };
  for (let depth = 0; depth < 6; depth++)
    entry = { ...registry.addManifest({ schemaVersion: 2, manifests: [{ ...entry, platform }] }, ociIndex, "latest") };
  await expect(pullFrom(at, { name: `${registry.host}/x` })).rejects.toThrow("nested more than 3 deep");
});
