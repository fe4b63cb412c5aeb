/**
 * Uploads in progress: a row and a file each, so that they go on after a restart. How far one is, is the length of its file.
 * Content gets its name only after its digest was checked.
 */
import { createHash, type Hash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, parseDigest } from "../../base/digest.ts";
import type { Images } from "../../images/index.ts";
import type { Database } from "../../state/index.ts";
import { contentMismatch, sizeInvalid, uploadBusy, uploadUnknown } from "../errors.ts";
import { type ContentDigest, isSha256, type Repository } from "./names.ts";

export type Uploads = {
  create(repository: Repository): string;
  /** Bytes received so far. Throws BLOB_UPLOAD_UNKNOWN. */
  size(repository: Repository, id: string): number;
  /**
   * Appends a chunk and answers the new size. With `expectedBytes`, a chunk of another size is taken back. What came before the
   * client went away stays, so that it can go on from there.
   */
  append(
    repository: Repository,
    id: string,
    chunk: AsyncIterable<Uint8Array>,
    expectedBytes: number | null,
  ): Promise<number>;
  /**
   * Checks the digest and hands the content to the store; the upload ends either way. `keep` is called as soon as the content
   * is there: what nobody keeps may be swept.
   */
  finish(repository: Repository, id: string, digest: ContentDigest, keep: Keep): Promise<void>;
  cancel(repository: Repository, id: string): void;
  /** Ends those that nobody went on with since `beforeMs`, and removes files without a row. Answers how many ended. */
  expire(beforeMs: number): number;
};
type Keep = (stored: { content: Digest; sizeBytes: number }) => void;

type Deps = { home: string; db: Database; images: Pick<Images, "store" | "jobs" | "chunkStore">; now: () => number };
/** What this process knows beyond the row: the hash of the first `hashedBytes`. */
type Live = { hash: Hash; hashedBytes: number };

export function openUploads({ home, db, images, now }: Deps): Uploads {
  const root = join(home, "registry", "uploads");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const live = new Map<string, Live>();
  const busy = new Set<string>();
  const path = (id: string) => join(root, id);
  const forget = (id: string) => {
    db.prepare("DELETE FROM registry_uploads WHERE id = ?").run(id);
    rmSync(path(id), { force: true });
    live.delete(id);
  };
  const size = (repository: Repository, id: string): number => {
    const row = db.prepare("SELECT repository FROM registry_uploads WHERE id = ?").get(id);
    if (row?.repository !== repository) throw uploadUnknown(id);
    return statSync(path(id)).size;
  };
  const claim = (id: string): Disposable => {
    if (busy.has(id)) throw uploadBusy();
    busy.add(id);
    return { [Symbol.dispose]: () => void busy.delete(id) };
  };
  const contentOf = async (id: string, sizeBytes: number): Promise<Digest> => {
    const known = live.get(id);
    if (known?.hashedBytes === sizeBytes) return `sha256:${known.hash.digest("hex")}` as Digest;
    const done = await images.jobs.run({ t: "digestFile", path: path(id) });
    return parseDigest(done.digest, "the native core's answer");
  };
  return {
    create(repository) {
      const id = randomBytes(16).toString("hex");
      writeFileSync(path(id), "", { flag: "wx", mode: 0o600 });
      db.prepare("INSERT INTO registry_uploads VALUES (?, ?, ?)").run(id, repository, now());
      live.set(id, { hash: createHash("sha256"), hashedBytes: 0 });
      return id;
    },
    size,
    async append(repository, id, chunk, expectedBytes) {
      const before = size(repository, id);
      using _claim = claim(id);
      db.prepare("UPDATE registry_uploads SET touched_ms = ? WHERE id = ?").run(now(), id);
      await using file = await open(path(id), "r+");
      const known = live.get(id);
      const hashing = known?.hashedBytes === before ? known : null;
      let at = before;
      let clientsTurn = true;
      try {
        for await (const bytes of chunk) {
          clientsTurn = false;
          if (expectedBytes !== null && at - before + bytes.byteLength > expectedBytes) {
            throw sizeInvalid(`more than the announced ${expectedBytes} bytes came`);
          }
          await writeAll(file, bytes, at);
          hashing?.hash.update(bytes);
          at += bytes.byteLength;
          if (hashing) hashing.hashedBytes = at;
          clientsTurn = true;
        }
        clientsTurn = false;
        if (expectedBytes !== null && at - before !== expectedBytes) {
          throw sizeInvalid(`${at - before} bytes came, but ${expectedBytes} were announced`);
        }
      } catch (error) {
        if (!clientsTurn) {
          live.delete(id); // a hash cannot be taken back
          await file.truncate(before);
        }
        throw error;
      }
      return at;
    },
    async finish(repository, id, digest, keep) {
      const sizeBytes = size(repository, id);
      using _claim = claim(id);
      try {
        await sync(path(id));
        const content = await contentOf(id, sizeBytes);
        const actual = isSha256(digest) ? content : await sha512Of(path(id));
        if (actual !== digest) throw contentMismatch(digest, actual);
        // An uncompressed layer shares its chunks with other versions of it; anything else is a file.
        const chunked = await images.chunkStore.take(path(id), content);
        if (!chunked || !images.store.blobs.has(content)) images.store.blobs.adopt(path(id), content);
        keep({ content, sizeBytes });
      } finally {
        forget(id);
      }
    },
    cancel(repository, id) {
      size(repository, id);
      using _claim = claim(id);
      forget(id);
    },
    expire(beforeMs) {
      const rows = db.prepare("SELECT id FROM registry_uploads WHERE touched_ms < ?").all(beforeMs);
      const old = rows.map((row) => String(row.id)).filter((id) => !busy.has(id));
      for (const id of old) forget(id);
      const known = new Set(
        db
          .prepare("SELECT id FROM registry_uploads")
          .all()
          .map((row) => String(row.id)),
      );
      for (const entry of readdirSync(root))
        if (!known.has(entry)) rmSync(path(entry), { recursive: true, force: true });
      return old.length;
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, "r+");
  await file.datasync();
}

async function sha512Of(path: string): Promise<string> {
  const hash = createHash("sha512");
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(piece as Uint8Array);
  return `sha512:${hash.digest("hex")}`;
}
