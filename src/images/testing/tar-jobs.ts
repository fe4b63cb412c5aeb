/** For tests: the native jobs that images need, done by the system's tar. No whiteouts, no limits. */
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { EngineError } from "../../base/errors.ts";
import type { DoneFrame, Jobs } from "../dependencies.ts";

export type TarJobs = Jobs & {
  /** Frame types in the order in which they ran. */
  readonly ran: string[];
  /** Called before each job: throw to fail it. */
  before: (type: string) => void | Promise<void>;
};

export function createTarJobs(): TarJobs {
  const jobs: TarJobs = {
    ran: [],
    before: () => undefined,
    async run(frame, { input, signal } = {}) {
      jobs.ran.push(frame.t);
      await jobs.before(frame.t);
      signal?.throwIfAborted();
      switch (frame.t) {
        case "unpack": {
          const bytes = "path" in frame.source ? readFileSync(frame.source.path) : await readAll(input);
          const done = unpack(bytes, frame.dest);
          if (frame.expectedDigest !== undefined && done.digest !== frame.expectedDigest) {
            throw jobError(`Cannot unpack the archive: its digest is ${String(done.digest)}`);
          }
          return done;
        }
        case "digestFile": {
          const bytes = readFileSync(frame.path);
          return { digest: sha256(bytes), sizeBytes: bytes.byteLength };
        }
        case "layerTar": {
          const bytes = tar(frame.upper);
          if (frame.out !== undefined) writeFileSync(frame.out, bytes);
          return {
            digest: sha256(bytes),
            diffId: sha256(bytes),
            sizeBytes: bytes.byteLength,
            compressedBytes: bytes.byteLength,
          };
        }
        case "removeTree":
          rmSync(frame.path, { recursive: true, force: true });
          return {};
        case "usage":
          return { sizeBytes: treeSize(frame.path), entries: 1 };
        case "copyUp": {
          if (!("lowers" in frame.root)) throw jobError("Cannot copy: only layers are known here");
          cpSync(join(frame.root.lowers[0] ?? "", frame.path), frame.dest, { recursive: true });
          return {};
        }
        default:
          throw jobError(`Cannot run job ${frame.t}: the tests have none`);
      }
    },
    async *stream(frame, { signal } = {}) {
      jobs.ran.push(frame.t);
      await jobs.before(frame.t);
      signal?.throwIfAborted();
      if (frame.t !== "layerTar") throw jobError(`Cannot run job ${frame.t}: the tests have none`);
      yield tar(frame.upper);
    },
  };
  return jobs;
}

export function tar(directory: string): Buffer {
  const flags = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=ustar"];
  const result = Bun.spawnSync(["tar", "c", ...flags, "-C", directory, "."]);
  if (result.exitCode !== 0) throw new Error(result.stderr.toString());
  return Buffer.from(result.stdout);
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function unpack(bytes: Buffer, dest: string): DoneFrame {
  const plain = decompress(bytes);
  const result = Bun.spawnSync(["tar", "x", "-C", dest], { stdin: plain });
  if (result.exitCode !== 0) throw jobError(`Cannot unpack the archive: ${result.stderr.toString()}`);
  return {
    digest: sha256(bytes),
    diffId: sha256(plain),
    sizeBytes: treeSize(dest),
    compressedBytes: bytes.byteLength,
    entries: 1,
  };
}

function decompress(bytes: Buffer): Buffer {
  if (bytes.readUInt16BE(0) === 0x1f8b) return gunzipSync(bytes);
  return bytes.readUInt32LE(0) === 0xfd2fb528 ? zstdDecompressSync(bytes) : bytes;
}

function treeSize(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function readAll(input: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(input ?? [], (piece) => Buffer.from(piece)));
}

function jobError(message: string): EngineError {
  return new EngineError({ code: "native.job", kind: "invalid_argument", message });
}
