/**
 * The image of the pull benchmark: Debian with Python, Node and npm, in eight layers as a build would leave them, once as gzip
 * and once as zstd, as an OCI layout each. Made once, kept in the cache.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../.hbx-cache/pull");
const mirror = "http://deb.debian.org/debian";
const packages = "python3,python3-pip,python3-numpy,nodejs,npm,git,gcc";

export type PullImage = { layout: string; entries: number; bytes: number; layers: number };

/** Throws what is missing as one sentence. */
export function pullImage(compression: "gzip" | "zstd"): PullImage {
  const done = join(cache, compression);
  if (!existsSync(join(done, "facts.json"))) make();
  return { layout: done, ...(JSON.parse(readFileSync(join(done, "facts.json"), "utf8")) as Omit<PullImage, "layout">) };
}

function make(): void {
  if (process.getuid?.() !== 0 || !Bun.which("mmdebstrap"))
    throw new Error("making its image needs root and mmdebstrap");
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "hbx-pull-image-"));
  try {
    const root = join(work, "root");
    run("mmdebstrap", "--variant=minbase", `--include=${packages}`, "bookworm", root, mirror);
    const tars = splitByPackage(root, work);
    const facts = {
      entries: count(root),
      bytes: tars.reduce((sum, tar) => sum + statSync(tar).size, 0),
      layers: tars.length,
    };
    for (const compression of ["gzip", "zstd"] as const) {
      const layout = join(work, compression);
      writeLayout(layout, tars, compression);
      writeFileSync(join(layout, "facts.json"), JSON.stringify(facts));
      rmSync(join(cache, compression), { recursive: true, force: true });
      run("cp", "-a", layout, join(cache, `${compression}.new`));
      renameSync(join(cache, `${compression}.new`), join(cache, compression));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A layer of everything that belongs to no later one, then one for each group of packages. */
const groups: [string, RegExp][] = [
  ["perl", /^(perl|libperl|perl-modules)/],
  ["gcc", /^(gcc|cpp|binutils|libc6-dev|linux-libc-dev|libgcc|libasan|libtsan|libubsan)/],
  ["git", /^(git|libcurl|less|openssh)/],
  ["python", /^(python3|libpython3|libblas|liblapack|libgfortran)/],
  ["node", /^(nodejs|libnode|libicu|libuv)/],
  ["npm-a", /^(npm|node-[a-j])/],
  ["npm-b", /^(node-|handlebars|eslint)/],
];

function splitByPackage(root: string, work: string): string[] {
  const info = join(root, "var/lib/dpkg/info");
  const owner = new Map<string, string>();
  for (const file of readdirSync(info).filter((name) => name.endsWith(".list"))) {
    const name = file.replace(/(:\w+)?\.list$/, "");
    const group = groups.find(([, pattern]) => pattern.test(name))?.[0];
    if (!group) continue;
    for (const path of readFileSync(join(info, file), "utf8").split("\n")) owner.set(path, group);
  }
  const lists = new Map<string, string[]>([["base", []], ...groups.map(([name]): [string, string[]] => [name, []])]);
  const found = spawnSync("find", [root, "-mindepth", "1", "-printf", "%y /%P\\n"], {
    maxBuffer: 1 << 28,
    encoding: "utf8",
  });
  for (const line of found.stdout.split("\n")) {
    if (line === "") continue;
    const path = line.slice(2);
    const group = line.startsWith("d") ? "base" : (owner.get(path) ?? "base");
    lists.get(group)?.push(`.${path}`);
  }
  return [...lists].map(([name, paths]) => {
    const list = join(work, `${name}.txt`);
    const tar = join(work, `${name}.tar`);
    writeFileSync(list, `${paths.sort().join("\0")}\0`);
    run("tar", "--numeric-owner", "--no-recursion", "--null", "-C", root, "-T", list, "-cf", tar);
    return tar;
  });
}

function writeLayout(layout: string, tars: readonly string[], compression: "gzip" | "zstd"): void {
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const layers = tars.map((tar) => {
    const packed = `${tar}.${compression}`;
    if (compression === "gzip") run("sh", "-c", `gzip -6 -n -c < "$1" > "$2"`, "sh", tar, packed);
    else run("zstd", "-q", "-6", "-f", tar, "-o", packed);
    const bytes = readFileSync(packed);
    rmSync(packed);
    return { ...put(blobs, bytes), mediaType: `application/vnd.oci.image.layer.v1.tar+${compression}` };
  });
  const config = put(
    blobs,
    Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: { Cmd: ["/bin/sh"] },
        rootfs: { type: "layers", diff_ids: tars.map((tar) => digest(readFileSync(tar))) },
      }),
    ),
  );
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = put(
    blobs,
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
        layers,
      }),
    ),
  );
  const named = {
    mediaType: manifestType,
    ...manifest,
    annotations: { "org.opencontainers.image.ref.name": "latest" },
  };
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

function put(blobs: string, bytes: Buffer): { digest: string; size: number } {
  const name = digest(bytes);
  writeFileSync(join(blobs, name.slice(7)), bytes);
  return { digest: name, size: bytes.byteLength };
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function count(root: string): number {
  return Number(spawnSync("sh", ["-c", 'find "$1" | wc -l', "sh", root], { encoding: "utf8" }).stdout);
}

function run(...command: string[]): void {
  const [program = "", ...rest] = command;
  const done = spawnSync(program, rest, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new Error(`${program} failed: ${done.stderr?.slice(-500)}`);
}
