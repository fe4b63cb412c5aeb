/** What a second image costs on disk: a base rebuilt from the same files, and one small layer more. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerArchive } from "../tests/support/images.ts";
import { member, tarOf } from "../tests/support/tar.ts";
import { type BenchHome, openBenchHome } from "./home.ts";
import { command } from "./measure.ts";

/** Real files of many sizes, which every host that runs this has. */
const trees = ["usr/lib/python3", "usr/lib/python3.11", "usr/share/perl", "usr/share/zoneinfo", "usr/sbin"];

export async function disk(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "hbx-bench-disk-"));
  try {
    const there = trees.filter((path) => existsSync(join("/", path)));
    // A rebuilt base: every file written again, with the same content at another time.
    const pack = (time: string): Uint8Array => {
      const out = join(dir, "root.tar");
      command(["tar", "--sort=name", `--mtime=${time}`, "-C", "/", "-cf", out, ...there]);
      return readFileSync(out);
    };
    const [first, second] = [pack("2026-01-01"), pack("2026-02-01")] as const;
    console.log(`\na second image with a rebuilt base (${mib(first.byteLength)}) and one small layer`);
    for (const storageDriver of ["erofs", "overlayfs"]) await measure(storageDriver, first, second);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(storageDriver: string, first: Uint8Array, second: Uint8Array): Promise<void> {
  await using bench = await openBenchHome(false, { storageDriver });
  await load(bench, dockerArchive("app:1", [first]));
  const one = used(bench.home);
  await load(bench, dockerArchive("app:2", [second, tarOf([member("app/version", "2\n")])]));
  const more = used(bench.home) - one;
  const share = ((more / one) * 100).toFixed(2);
  console.log(
    `${storageDriver.padEnd(12)} first ${mib(one).padStart(10)}, second ${mib(more).padStart(10)} (${share} %)`,
  );
}

async function load({ client }: BenchHome, archive: Uint8Array<ArrayBuffer>): Promise<void> {
  const body = new Response(archive).body;
  const answer = await client.text("POST", "/images/load", { query: { quiet: 1 }, body: body as never });
  if (answer.includes('"error"')) throw new Error(answer);
}

const used = (path: string): number => Number(command(["du", "-s", "--block-size=1", path]).split("\t")[0]);
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
