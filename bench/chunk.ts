/** Cutting content into chunks: by the time that one thread had its core, so that neighbours do not count. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const native = join(import.meta.dirname, "../native");
const megabytes = 512;

type Round = { cut: number; cutAndSha256: number };

export async function chunk(): Promise<void> {
  const build = ["run", "--release", "--locked", "--quiet", "-p", "hbx-storage", "--example", "chunk_bench", "--"];
  const { status, stdout, stderr } = spawnSync("cargo", [...build, String(megabytes)], {
    cwd: native,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`chunk_bench: ${stderr}`);
  const rounds = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Round);
  const median = (of: (round: Round) => number) => rounds.map(of).sort((a, b) => a - b)[rounds.length >> 1] ?? 0;
  console.log(`\nchunk: ${megabytes} MiB of noise, one core, median of ${rounds.length}`);
  console.log(`  FastCDC            ${median(({ cut }) => cut).toFixed(2)} GB/s (must reach 1, aim for 2)`);
  console.log(`  with each chunk's sha256  ${median(({ cutAndSha256 }) => cutAndSha256).toFixed(2)} GB/s`);
}
