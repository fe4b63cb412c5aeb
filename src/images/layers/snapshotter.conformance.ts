/** What every form of layers promises; run against the real core by tests/integration/snapshotter.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Digest } from "../../base/digest.ts";
import type { LayerStack } from "../../engines/index.ts";
import { type Keep, type LayerId, nextChainId, type Snapshotter } from "./snapshotter.ts";

export type SnapshotterLab = AsyncDisposable & {
  snapshotter: Snapshotter;
  /** A layer's tar of these files; null is a whiteout. */
  tar(files: Record<string, string | null>): Uint8Array;
  /** The files of a stack as a container sees them, by path. */
  read(stack: LayerStack): Promise<Record<string, string>>;
  /** A path that does not exist, on the snapshotter's disk. */
  newPath(): string;
  readFile(path: string): Uint8Array;
};

const { signal } = new AbortController();
const options = { expectedDigest: null, signal };

export function snapshotterConformance(name: string, open: () => Promise<SnapshotterLab>): void {
  describe(name, () => {
    let lab: SnapshotterLab;
    beforeAll(async () => {
      lab = await open();
    });
    afterAll(async () => await lab[Symbol.asyncDispose]());

    const idOf = (tar: Uint8Array) => `sha256:${createHash("sha256").update(tar).digest("hex")}` as Digest;
    async function* pieces(bytes: Uint8Array) {
      for (let at = 0; at < bytes.byteLength; at += 700) yield bytes.subarray(at, at + 700);
    }
    const add = async (tars: readonly Uint8Array[]): Promise<LayerId[]> => {
      const layers: LayerId[] = [];
      for (const tar of tars) {
        const diffId = idOf(tar);
        const chainId = nextChainId(layers.at(-1)?.chainId ?? null, diffId);
        await using draft = await lab.snapshotter.unpack({ chunks: pieces(tar) }, options);
        draft.commit(chainId);
        layers.push({ chainId, diffId });
      }
      return layers;
    };
    const keep =
      (layers: readonly LayerId[], extra: Partial<Keep> = {}) =>
      () => ({
        chains: new Set(layers.map(({ chainId }) => chainId)),
        diffIds: new Set(layers.map(({ diffId }) => diffId)),
        stacks: new Set(layers.map(({ chainId }) => chainId)),
        drafts: false,
        ...extra,
      });

    test("unpack() takes bytes or a file, and says what they were", async () => {
      const tar = lab.tar({ a: "one" });
      const copyTo = lab.newPath();
      await using draft = await lab.snapshotter.unpack({ chunks: pieces(tar) }, { ...options, copyTo });
      expect(draft).toMatchObject({
        digest: idOf(tar),
        diffId: idOf(tar),
        sizeBytes: tar.byteLength,
        blobBytes: tar.byteLength,
      });
      expect(Buffer.from(lab.readFile(copyTo)).equals(tar)).toBe(true);
      await using packed = await lab.snapshotter.unpack(
        { chunks: pieces(Bun.gzipSync(tar as Uint8Array<ArrayBuffer>)) },
        options,
      );
      expect([packed.diffId, packed.digest === packed.diffId]).toEqual([idOf(tar), false]);
      await using again = await lab.snapshotter.unpack({ file: copyTo }, { ...options, expectedDigest: idOf(tar) });
      expect(again.diffId).toBe(idOf(tar));
    });

    test("unpack() refuses other bytes than were announced, noise, and a source that breaks off", async () => {
      const tar = lab.tar({ wrong: "x" });
      const wrong = { ...options, expectedDigest: idOf(lab.tar({ other: "y" })) };
      await expect(lab.snapshotter.unpack({ chunks: pieces(tar) }, wrong)).rejects.toThrow();
      await expect(lab.snapshotter.unpack({ chunks: pieces(Buffer.alloc(4096, 7)) }, options)).rejects.toThrow();
      const broken = (async function* () {
        yield tar.subarray(0, 600);
        throw new Error("the line is dead");
      })();
      await expect(lab.snapshotter.unpack({ chunks: broken }, options)).rejects.toThrow("the line is dead");
      expect(lab.snapshotter.has({ chainId: idOf(tar), diffId: idOf(tar) })).toBe(false);
    });

    test("open() shows what is topmost; whiteouts hide what is below", async () => {
      const layers = await add([
        lab.tar({ "d/kept": "low", "d/gone": "low", "d/changed": "low", "e/whole": "low" }),
        lab.tar({ "d/.wh.gone": null, "d/changed": "high", "e/.wh..wh..opq": null, "e/new": "high" }),
        lab.tar({ top: "top" }),
      ]);
      for (const layer of layers) expect(lab.snapshotter.has(layer)).toBe(true);
      const seen = await lab.read(await lab.snapshotter.open(layers));
      expect(seen).toEqual({ "d/kept": "low", "d/changed": "high", "e/new": "high", top: "top" });
      expect(await lab.read(await lab.snapshotter.open(layers.slice(0, 1)))).toMatchObject({
        "e/whole": "low",
        "d/gone": "low",
      });
      expect(await lab.read(await lab.snapshotter.open([]))).toEqual({});
      expect(await lab.snapshotter.check(layers, { mend: false, signal })).toBeNull();
    });

    test("collect() takes what is not marked, and nothing else", async () => {
      const kept = await add([lab.tar({ same: "shared", kept: "k" })]);
      const gone = await add([lab.tar({ same: "shared", gone: "g".repeat(100_000) })]);
      await lab.snapshotter.open(kept);
      const open = await lab.snapshotter.open(gone);
      expect(await lab.read(open)).toMatchObject({ same: "shared" });
      const freed = await lab.snapshotter.collect(keep(kept));
      expect(freed.sizeBytes).toBeGreaterThanOrEqual(100_000);
      expect(gone.map(lab.snapshotter.has)).toEqual([false]);
      expect(kept.map(lab.snapshotter.has)).toEqual([true]);
      expect(await lab.read(await lab.snapshotter.open(kept))).toEqual({ same: "shared", kept: "k" });
      expect(await lab.snapshotter.collect(keep(kept))).toEqual({ items: 0, sizeBytes: 0 });
      const again = await add([lab.tar({ same: "shared", gone: "g".repeat(100_000) })]);
      expect(await lab.read(await lab.snapshotter.open(again))).toMatchObject({ same: "shared" });
    });
  });
}
