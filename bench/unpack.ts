/** A Debian root filesystem through `import` and `load`, against `tar` on the same file system. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchHome, openBenchHome } from "./home.ts";
import { type Candidate, command, compare, printTable } from "./measure.ts";

const cache = join(import.meta.dirname, "../.hbx-cache/unpack");
const runs = 7;

export async function unpack(): Promise<void> {
  const missing = makeArchives();
  if (missing) return console.log(`\nunpack: left out: ${missing}`);
  await using bench = await openBenchHome(false);
  const dir = mkdtempSync(join(bench.home, "tar-"));
  for (const suffix of ["tar", "tar.gz"]) {
    const archive = join(cache, `root.${suffix}`);
    const untar: Candidate = {
      name: `tar xf root.${suffix}`,
      before: () => settle(() => rmSync(join(dir, "root"), { recursive: true, force: true })),
      run: () => {
        mkdirSync(join(dir, "root"));
        command(["tar", "--numeric-owner", "-xpf", archive, "-C", join(dir, "root")]);
      },
    };
    const ours = (name: string, run: () => Promise<string>): Candidate => ({
      name,
      before: () => settle(() => removeImages(bench)),
      run: async () => {
        const answer = await run();
        if (answer.includes('"error"')) throw new Error(answer);
      },
    });
    const imported = ours(`import root.${suffix}`, () =>
      post(bench, "/images/create", { fromSrc: "-", repo: "debian-root" }, archive),
    );
    const loaded = ours(`load image.${suffix}`, () =>
      post(bench, "/images/load", { quiet: 1 }, join(cache, `image.${suffix}`)),
    );
    printTable(`${suffix}, the same data`, await compare([untar, imported, loaded], runs, 1), untar.name);
  }
}

function post({ client }: BenchHome, path: string, query: Record<string, string | number>, file: string) {
  return client.text("POST", path, { query, body: Bun.file(file).stream() as never });
}

async function removeImages({ client }: BenchHome): Promise<void> {
  for (const { Id } of await client.json<{ Id: string }[]>("GET", "/images/json"))
    await client.text("DELETE", `/images/${Id}`, { query: { force: 1 } });
}

/** What the last run left to write is not the next one's burden. */
async function settle(clean: () => void | Promise<void>): Promise<void> {
  await clean();
  await Bun.sleep(500);
  spawnSync("sync");
}

/** The root filesystem and a Docker archive around it, plain and gzipped, made once. Answers why there are none. */
function makeArchives(): string | null {
  mkdirSync(cache, { recursive: true });
  const root = join(cache, "root.tar");
  if (!existsSync(root)) {
    if (spawnSync("which", ["mmdebstrap"]).status !== 0)
      return "mmdebstrap is not installed (scripts/comparators.sh installs it)";
    console.log("unpack: making a Debian root filesystem, once");
    const made = spawnSync("mmdebstrap", ["--variant=apt", "bookworm", `${root}.new.tar`], { encoding: "utf8" });
    if (made.status !== 0) return `mmdebstrap: ${made.stderr.trim().split("\n").at(-1)}`;
    command(["mv", `${root}.new.tar`, root]);
  }
  if (!existsSync(join(cache, "root.tar.gz"))) command(["sh", "-c", `gzip -6 -c ${root} > ${root}.gz`]);
  for (const suffix of ["tar", "tar.gz"]) if (!existsSync(join(cache, `image.${suffix}`))) makeImage(root, suffix);
  return null;
}

/** As `docker save` writes it; gzipped as a whole for `tar.gz`. */
function makeImage(root: string, suffix: string): void {
  const dir = mkdtempSync(join(cache, "image-"));
  const diffId = createHash("sha256").update(readFileSync(root)).digest("hex");
  const config = {
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
  };
  writeFileSync(join(dir, "config.json"), JSON.stringify(config));
  writeFileSync(
    join(dir, "manifest.json"),
    JSON.stringify([{ Config: "config.json", RepoTags: ["debian-root:loaded"], Layers: ["layer.tar"] }]),
  );
  command(["cp", root, join(dir, "layer.tar")]);
  const flags = suffix === "tar" ? "-cf" : "-czf";
  command(["tar", flags, join(cache, `image.${suffix}`), "-C", dir, "manifest.json", "config.json", "layer.tar"]);
  rmSync(dir, { recursive: true });
}
