/** What clients can do, and what they hear where they can't, over a real socket. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  failure,
  manifestType,
  openTestRegistry,
  pushBlob,
  pushManifest,
  sha256,
  someBytes,
} from "../testing/open-test-registry.ts";

test("a pushed manifest and its blobs come back byte by byte, with their headers", async () => {
  await using registry = await openTestRegistry();
  const layer = someBytes(700_000);
  const digest = await pushBlob(registry, "team/app", layer);
  const {
    digest: manifest,
    answer,
    text,
  } = await pushManifest(registry, "team/app", "v1", {
    layers: [{ digest, size: layer.byteLength }],
  });
  expect([answer.status, answer.headers.get("location")]).toEqual([201, `/v2/team/app/manifests/${manifest}`]);
  for (const reference of ["v1", manifest]) {
    const got = await registry.call("GET", `/v2/team/app/manifests/${reference}`);
    expect([got.status, got.headers.get("content-type"), got.headers.get("docker-content-digest")]).toEqual([
      200,
      manifestType,
      manifest,
    ]);
    expect(await got.text()).toBe(text);
  }
  const blob = await registry.call("GET", `/v2/team/app/blobs/${digest}`);
  expect(sha256(await blob.bytes())).toBe(digest);
  const head = await registry.call("HEAD", `/v2/team/app/blobs/${digest}`);
  expect([head.status, head.headers.get("content-length"), head.headers.get("etag")]).toEqual([
    200,
    "700000",
    `"${digest}"`,
  ]);
  const known = await registry.call("GET", `/v2/team/app/blobs/${digest}`, {
    headers: { "If-None-Match": `"${digest}"` },
  });
  expect(known.status).toBe(304);
});

test.each([
  ["bytes=0-9", 206, 0, 9],
  ["bytes=999990-", 206, 999_990, 999_999],
  ["bytes=-5", 206, 999_995, 999_999],
  ["bytes=10-99999999", 206, 10, 999_999],
  ["bytes=0-1,4-5", 200, 0, 999_999],
  ["lines=0-1", 200, 0, 999_999],
])("Range %p gives %p", async (range, status, start, end) => {
  await using registry = await openTestRegistry();
  const bytes = someBytes(1_000_000);
  const digest = await pushBlob(registry, "a", bytes);
  const answer = await registry.call("GET", `/v2/a/blobs/${digest}`, { headers: { Range: range } });
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-range")).toBe(status === 206 ? `bytes ${start}-${end}/1000000` : null);
  expect(Buffer.compare(await answer.bytes(), bytes.subarray(start, end + 1))).toBe(0);
});

test("a range outside of the blob is 416", async () => {
  await using registry = await openTestRegistry();
  const digest = await pushBlob(registry, "a", someBytes(10));
  const answer = await registry.call("GET", `/v2/a/blobs/${digest}`, { headers: { Range: "bytes=10-" } });
  expect([answer.status, answer.headers.get("content-range")]).toEqual([416, "bytes */10"]);
});

test("an upload in chunks goes on after a restart of the daemon", async () => {
  await using registry = await openTestRegistry();
  const bytes = someBytes(300_000);
  const began = await registry.call("POST", "/v2/a/blobs/uploads/");
  const place = began.headers.get("location") ?? "";
  const first = await registry.call("PATCH", place, {
    body: bytes.slice(0, 100_000),
    headers: { "Content-Range": "0-99999" },
  });
  expect([first.status, first.headers.get("range")]).toEqual([202, "0-99999"]);
  await registry.reopen();
  const state = await registry.call("GET", place);
  expect([state.status, state.headers.get("range")]).toEqual([204, "0-99999"]);
  const second = await registry.call("PATCH", place, {
    body: bytes.slice(100_000, 200_000),
    headers: { "Content-Range": "100000-199999" },
  });
  expect(second.headers.get("range")).toBe("0-199999");
  const digest = sha256(bytes);
  const end = await registry.call("PUT", `${place}?digest=${digest}`, {
    body: bytes.slice(200_000),
    headers: { "Content-Range": "200000-299999" },
  });
  expect([end.status, end.headers.get("location")]).toEqual([201, `/v2/a/blobs/${digest}`]);
  expect(sha256(await (await registry.call("GET", `/v2/a/blobs/${digest}`)).bytes())).toBe(digest);
  expect(readdirSync(join(registry.home, "registry/uploads"))).toEqual([]);
});

test("chunks out of order, of another size or malformed are refused, and the upload stands where it stood", async () => {
  await using registry = await openTestRegistry();
  const place = (await registry.call("POST", "/v2/a/blobs/uploads/")).headers.get("location") ?? "";
  const patch = (range: string, size: number) =>
    registry.call("PATCH", place, { body: someBytes(size), headers: { "Content-Range": range } });
  expect((await patch("0-9", 10)).status).toBe(202);
  const gap = await patch("20-29", 10);
  expect([gap.status, gap.headers.get("range")]).toEqual([416, "0-9"]);
  expect((await patch("0-9", 10)).status).toBe(416);
  expect(await failure(await patch("10-29", 10))).toEqual([400, "SIZE_INVALID"]);
  expect(await failure(await patch("19-10", 10))).toEqual([400, "BLOB_UPLOAD_INVALID"]);
  expect(await failure(await patch("-5", 10))).toEqual([400, "BLOB_UPLOAD_INVALID"]);
  expect((await registry.call("GET", place)).headers.get("range")).toBe("0-9");
  expect((await registry.call("DELETE", place)).status).toBe(204);
  expect((await registry.call("GET", place)).status).toBe(404);
});

test("content with another digest is kept nowhere", async () => {
  await using registry = await openTestRegistry();
  const wrong = sha256("something else");
  const whole = await registry.call("POST", `/v2/a/blobs/uploads/?digest=${wrong}`, { body: someBytes(1000) });
  expect(await failure(whole)).toEqual([400, "DIGEST_INVALID"]);
  const headers = { "Content-Type": manifestType };
  const manifest = await registry.call("PUT", `/v2/a/manifests/${wrong}`, { body: "{}", headers });
  expect(await failure(manifest)).toEqual([400, "DIGEST_INVALID"]);
  expect(readdirSync(join(registry.home, "registry/uploads"))).toEqual([]);
  expect(readdirSync(join(registry.home, "blobs/sha256"))).toEqual([]);
  expect((await registry.call("GET", "/v2/a/tags/list")).status).toBe(404);
});

test("sha512 names the same content, which is stored once", async () => {
  await using registry = await openTestRegistry();
  const bytes = someBytes(5000);
  await pushBlob(registry, "a", bytes);
  const digest = `sha512:${new Bun.CryptoHasher("sha512").update(bytes).digest("hex")}`;
  const answer = await registry.call("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { body: bytes });
  expect(answer.status).toBe(201);
  expect(readdirSync(join(registry.home, "blobs/sha256"))).toHaveLength(1);
  expect(Buffer.compare(await (await registry.call("GET", `/v2/a/blobs/${digest}`)).bytes(), bytes)).toBe(0);
});

test("a mount makes a blob visible without sending it; without from, any repository will do", async () => {
  await using registry = await openTestRegistry();
  const digest = await pushBlob(registry, "one", someBytes(100));
  expect((await registry.call("HEAD", `/v2/two/blobs/${digest}`)).status).toBe(404);
  expect((await registry.call("POST", `/v2/two/blobs/uploads/?mount=${digest}&from=one`)).status).toBe(201);
  expect((await registry.call("HEAD", `/v2/two/blobs/${digest}`)).status).toBe(200);
  expect((await registry.call("POST", `/v2/three/blobs/uploads/?mount=${digest}`)).status).toBe(201);
  const absent = await registry.call("POST", `/v2/three/blobs/uploads/?mount=${sha256("x")}&from=one`);
  expect([absent.status, absent.headers.has("location")]).toEqual([202, true]);
});

test("lists come in pages with a link to the next", async () => {
  await using registry = await openTestRegistry();
  for (const tag of ["b", "a", "d", "c"]) await pushManifest(registry, `repo-${tag}`, "latest");
  for (const tag of ["b", "a", "d", "c"]) await pushManifest(registry, "app", tag);
  const seen: string[] = [];
  let next: string | undefined = "/v2/app/tags/list?n=3";
  while (next) {
    const answer = await registry.call("GET", next);
    seen.push(...((await answer.json()) as { tags: string[] }).tags);
    next = /^<(.*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
  }
  expect(seen).toEqual(["a", "b", "c", "d"]);
  const catalog = await registry.call("GET", "/v2/_catalog?n=2&last=app");
  expect(await catalog.json()).toEqual({ repositories: ["repo-a", "repo-b"] });
  expect(await failure(await registry.call("GET", "/v2/app/tags/list?n=x"))).toEqual([400, "UNSUPPORTED"]);
});

test("referrers are found by subject and filtered by type, though the subject is not there", async () => {
  await using registry = await openTestRegistry();
  const subject = { mediaType: manifestType, digest: sha256("subject"), size: 7 };
  const annotations = { "org.example": "one" };
  const { digest, answer } = await pushManifest(registry, "app", "", {
    more: { subject, artifactType: "application/x.one", annotations },
  });
  expect(answer.headers.get("oci-subject")).toBe(subject.digest);
  await pushManifest(registry, "app", "", { more: { subject, artifactType: "application/x.two" } });
  const ask = async (query: string) => {
    const got = await registry.call("GET", `/v2/app/referrers/${subject.digest}${query}`);
    const { manifests } = (await got.json()) as { manifests: { digest: string; annotations?: object }[] };
    return { manifests, filters: got.headers.get("oci-filters-applied"), link: got.headers.get("link") };
  };
  expect((await ask("")).manifests).toHaveLength(2);
  const filtered = await ask("?artifactType=application/x.one");
  expect(filtered.manifests).toMatchObject([{ digest, annotations }]);
  expect(filtered.filters).toBe("artifactType");
  const first = await ask("?n=1");
  expect([first.manifests.length, first.link !== null]).toEqual([1, true]);
});

test("deletes take what was named, and the content goes when nobody has it any more", async () => {
  await using registry = await openTestRegistry();
  const layer = someBytes(100);
  const digest = await pushBlob(registry, "app", layer);
  await pushBlob(registry, "other", layer);
  const { digest: manifest } = await pushManifest(registry, "app", "v1", { layers: [{ digest, size: 100 }] });
  await pushManifest(registry, "app", "v2", { layers: [{ digest, size: 100 }] });
  expect((await registry.call("DELETE", "/v2/app/manifests/v1")).status).toBe(202);
  expect((await registry.call("GET", "/v2/app/manifests/v1")).status).toBe(404);
  expect((await registry.call("GET", "/v2/app/manifests/v2")).status).toBe(200);
  expect((await registry.call("DELETE", `/v2/app/manifests/${manifest}`)).status).toBe(202);
  expect(await failure(await registry.call("GET", "/v2/app/manifests/v2"))).toEqual([404, "MANIFEST_UNKNOWN"]);
  const file = join(registry.home, "blobs/sha256", digest.slice(7));
  expect((await registry.call("DELETE", `/v2/app/blobs/${digest}`)).status).toBe(202);
  expect(await failure(await registry.call("GET", `/v2/app/blobs/${digest}`))).toEqual([404, "BLOB_UNKNOWN"]);
  expect(existsSync(file)).toBe(true); // "other" has it
  await registry.call("DELETE", `/v2/other/blobs/${digest}`);
  expect(existsSync(file)).toBe(false);
});
