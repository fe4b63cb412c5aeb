/**
 * Content-addressed blobs: `blobs/sha256/<hex>`, verified before they get their name, never modified after. Everything
 * unfinished lives in `blobs/drafts` and is swept at the next start.
 */
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestHex, digestOf } from "../../base/digest.ts";
import { createShortId } from "../../base/ids.ts";

export type ByteRange = { offset: number /** Default: to the end. */; length?: number };

export type BlobStore = {
  has(digest: Digest): boolean;
  /** Whether it lies here as a file of its own. */
  hasFile(digest: Digest): boolean;
  /** Every blob that lies here as a file. */
  list(): Digest[];
  size(digest: Digest): number;
  /** Small content, all at once: configurations and manifests. */
  read(digest: Digest): Uint8Array;
  /** Its bytes, or a range of them, as they are asked for. Fails where less is there than the range says. */
  open(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** Whether it begins as zstd frames do. */
  isZstd(digest: Digest): boolean;
  /** A directory of one's own below drafts, removed when disposed. */
  createDraft(): Disposable & { readonly path: string };
  /** Stores small content. */
  put(bytes: Uint8Array): Digest;
  /** Gives a verified file of a draft its name, by a hard link: the draft's own name stays. */
  adopt(file: string, digest: Digest): void;
  /** Answers whether there was one to go. */
  remove(digest: Digest): boolean;
  /** Removes drafts and every blob that is not `known`. Answers how many went. */
  sweep(known: ReadonlySet<string>): number;
};

export function openBlobStore(home: string): BlobStore {
  const root = join(home, "blobs", "sha256");
  const drafts = join(home, "blobs", "drafts");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  mkdirSync(drafts, { recursive: true, mode: 0o700 });
  const path = (digest: Digest) => join(root, digestHex(digest));
  const draftName = () => join(drafts, createShortId());
  return {
    has: (digest) => existsSync(path(digest)),
    hasFile: (digest) => existsSync(path(digest)),
    list: () =>
      readdirSync(root)
        .filter((entry) => /^[0-9a-f]{64}$/.test(entry))
        .map((entry) => `sha256:${entry}` as Digest),
    size: (digest) => statSync(path(digest)).size,
    read: (digest) => readFileSync(path(digest)),
    open: (digest, range) => readFile(path(digest), range),
    isZstd: (digest) => readStart(path(digest)).equals(zstdMagic),
    createDraft() {
      const draft = draftName();
      mkdirSync(draft, { mode: 0o700 });
      return { path: draft, [Symbol.dispose]: () => rmSync(draft, { recursive: true, force: true }) };
    },
    put(bytes) {
      const digest = digestOf(bytes);
      if (existsSync(path(digest))) return digest;
      const draft = draftName();
      try {
        writeFileSync(draft, bytes, { mode: 0o600, flush: true });
        renameSync(draft, path(digest));
      } finally {
        rmSync(draft, { force: true });
      }
      return digest;
    },
    adopt(file, digest) {
      if (existsSync(path(digest))) return;
      const draft = draftName();
      linkSync(file, draft);
      renameSync(draft, path(digest));
    },
    remove(digest) {
      const there = existsSync(path(digest));
      rmSync(path(digest), { force: true });
      return there;
    },
    sweep(known) {
      let removed = 0;
      for (const entry of readdirSync(drafts)) {
        rmSync(join(drafts, entry), { recursive: true, force: true });
        removed++;
      }
      for (const entry of readdirSync(root)) {
        if (known.has(`sha256:${entry}`)) continue;
        rmSync(join(root, entry), { force: true });
        removed++;
      }
      return removed;
    },
  };
}

const chunkBytes = 1 << 20;

async function* readFile(path: string, { offset, length }: ByteRange = { offset: 0 }): AsyncGenerator<Uint8Array> {
  await using handle = await open(path, "r");
  const end = length === undefined ? (await handle.stat()).size : offset + length;
  for (let at = offset; at < end; ) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - at));
    const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, at);
    if (bytesRead === 0) throw new Error(`${path} ends at ${at}, ${end} bytes were expected`);
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

function readStart(path: string): Buffer {
  const start = Buffer.alloc(zstdMagic.byteLength);
  const fd = openSync(path, "r");
  try {
    readSync(fd, start);
  } finally {
    closeSync(fd);
  }
  return start;
}
