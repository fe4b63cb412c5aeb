import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Header, pack } from "tar-stream";
import { packTree } from "./pack-tree.ts";
import { unpackTree } from "./unpack-tree.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "hbx-cp-"));
  mkdirSync(join(dir, "out"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const unpack = (archive: AsyncIterable<Uint8Array>) =>
  unpackTree(archive, {
    landing: { dir: join(dir, "out"), name: "d" },
    base: "d",
    owners: false,
    warn: () => undefined,
  });

function archive(...entries: [Partial<Header> & { name: string }, string?][]): AsyncIterable<Uint8Array> {
  const tar = pack();
  for (const [header, text] of entries) tar.entry(header, text ?? "");
  tar.finalize();
  return tar as AsyncIterable<Uint8Array>;
}

test("packTree() and unpackTree() carry files, modes, times and links", async () => {
  const source = join(dir, "src");
  mkdirSync(join(source, "sub"), { recursive: true });
  writeFileSync(join(source, "sub/f"), "x".repeat(3_000_000), { mode: 0o640 });
  writeFileSync(join(source, "empty"), "");
  symlinkSync("../../../etc/passwd", join(source, "link"));
  await unpack(packTree(source, "d"));
  const at = (name: string) => join(dir, "out/d", name);
  expect(readFileSync(at("sub/f")).length).toBe(3_000_000);
  expect(lstatSync(at("sub/f")).mode & 0o7777).toBe(0o640);
  expect(lstatSync(at("sub/f")).mtimeMs / 1000).toBeCloseTo(lstatSync(join(source, "sub/f")).mtimeMs / 1000, -1);
  expect(readFileSync(at("empty")).length).toBe(0);
  expect(readlinkSync(at("link"))).toBe("../../../etc/passwd");
});

test("unpackTree() writes nothing through a link of the archive", async () => {
  mkdirSync(join(dir, "victim"));
  const hostile = archive(
    [{ name: "d", type: "directory" }],
    [{ name: "d/way", type: "symlink", linkname: join(dir, "victim") }],
    [{ name: "d/way/planted" }, "bad"],
  );
  await expect(unpack(hostile)).rejects.toThrow("cannot overwrite directory");
  expect(existsSync(join(dir, "victim/planted"))).toBe(false);
});

test("unpackTree() writes nothing through a link that an earlier copy left", async () => {
  mkdirSync(join(dir, "victim"));
  mkdirSync(join(dir, "out/d"));
  symlinkSync(join(dir, "victim"), join(dir, "out/d/way"));
  await expect(unpack(archive([{ name: "d/way/planted" }, "bad"]))).rejects.toThrow("not a directory");
  expect(existsSync(join(dir, "victim/planted"))).toBe(false);
});

test("unpackTree() makes no hard link to a file outside", async () => {
  writeFileSync(join(dir, "secret"), "s");
  await expect(unpack(archive([{ name: "d/x", type: "link", linkname: "d/../../secret" }]))).rejects.toThrow("upwards");
});
