import { expect, test } from "bun:test";
import { chmodSync, lstatSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeTar } from "../archive/tar-writer.ts";
import { createImageResolver } from "../resolve.ts";
import { openTestImages, type TestImages } from "../testing/open-test-images.ts";
import { staticArchitecture } from "./elf.ts";
import { baseImageName, makeBaseImage } from "./make-base-image.ts";
import { baseTree } from "./tree.ts";

const { signal } = new AbortController();

/** A 64-bit ELF header with the given program header types. */
function elf(...segments: number[]): Buffer {
  const bytes = Buffer.alloc(64 + segments.length * 56);
  bytes.write("\x7fELF\x02\x01\x01", "latin1");
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(segments.length, 56);
  for (const [index, type] of segments.entries()) bytes.writeUInt32LE(type, 64 + index * 56);
  return bytes;
}

function file(at: TestImages, content: string | Uint8Array): string {
  const path = join(at.home, "busybox");
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

test("staticArchitecture() knows static programs", () => {
  expect(staticArchitecture(elf(1, 2), "x")).toBe("amd64");
  expect(() => staticArchitecture(elf(1, 3), "x")).toThrow("it is linked dynamically");
  expect(() => staticArchitecture(elf(1).subarray(0, 64), "x")).toThrow("cut off");
  expect(() => staticArchitecture(Buffer.from("#!/bin/sh"), "x")).toThrow("not an ELF program");
});

test("makeBaseImage() refuses what is no static busybox", async () => {
  using at = openTestImages();
  const make = (path: string) => makeBaseImage(at.images, path, signal);
  await expect(make("busybox")).rejects.toThrow("the path is not absolute");
  await expect(make("/nowhere/busybox")).rejects.toThrow("there is no such file");
  await expect(make(file(at, "#!/bin/sh\n"))).rejects.toThrow("not an ELF program");
  await expect(make(file(at, elf(1)))).rejects.toThrow("it does not list its applets");
  expect(at.images.store.list()).toEqual([]);
});

test("baseTree() has the modes and links that programs expect", async () => {
  using at = openTestImages();
  const tar = Buffer.concat(await Array.fromAsync(writeTar(baseTree(Buffer.from("program"), ["busybox", "ls", "sh"]))));
  const result = Bun.spawnSync(["tar", "xp", "-C", at.home], { stdin: tar });
  expect(result.exitCode).toBe(0);
  expect(readlinkSync(join(at.home, "bin/sh"))).toBe("busybox");
  expect(readlinkSync(join(at.home, "usr/bin"))).toBe("../bin");
  expect(statSync(join(at.home, "tmp")).mode & 0o7777).toBe(0o1777);
  expect(statSync(join(at.home, "bin/busybox")).mode & 0o777).toBe(0o755);
  expect(lstatSync(join(at.home, "etc/passwd")).mtimeMs).toBe(0);
});

const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => Bun.file(path).size > 0);

test.skipIf(busybox === undefined)(
  "makeBaseImage() makes the same image each time, from the host's busybox",
  async () => {
    using at = openTestImages();
    const id = await makeBaseImage(at.images, busybox ?? "", signal);
    expect(await makeBaseImage(at.images, busybox ?? "", signal)).toBe(id);
    const { layers, config } = await createImageResolver(at.images).resolve(baseImageName);
    expect(config.Cmd).toEqual(["sh"]);
    expect(readlinkSync(join(layers.lowers[0] ?? "", "bin/ls"))).toBe("busybox");
  },
);
