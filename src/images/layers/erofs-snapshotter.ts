/**
 * One EROFS image per stack of layers, without contents, mounted once and kept mounted; the contents are the objects of
 * the file store. A container mounts one overlay over both, whatever the number of its layers.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex, digestOf } from "../../base/digest.ts";
import type { LayerStack } from "../../engines/index.ts";
import { type TarEntry, writeTar } from "../archive/tar-writer.ts";
import type { ImageMounts } from "../dependencies.ts";
import type { FileStore } from "../store/file-store.ts";
import type { LayerId, Snapshotter } from "./snapshotter.ts";

export type ErofsOptions = {
  files: FileStore;
  mounts: ImageMounts;
  /**
   * Paths on which every start mounts something, directories with a slash at the end: the lowest layer of each image, since
   * overlayfs takes contents from objects only where no other layer lies below.
   */
  mountPoints: readonly string[];
};

export function createErofsSnapshotter({ files, mounts, mountPoints }: ErofsOptions): Snapshotter {
  const root = join(files.path, "images");
  const empty = join(files.path, "empty");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  mkdirSync(empty, { recursive: true, mode: 0o755 });
  const skeleton = skeletonLayer(mountPoints);
  const opening = new Map<Digest, Promise<LayerStack>>();
  const imageFile = (stack: Digest) => join(root, `${digestHex(stack)}.erofs`);
  const stackOf = (mounted: string): LayerStack => ({ lowers: [mounted], data: [files.objects] });
  const compose = async (layers: readonly LayerId[], out: string): Promise<void> => {
    const { tar, diffId: lowest } = await skeleton;
    const signal = new AbortController().signal;
    if (!files.has(lowest)) await files.ingest({ chunks: once(tar) }, { expectedDigest: lowest, signal });
    await files.compose([lowest, ...layers.map(({ diffId }) => diffId)], out);
  };
  const open = async (stack: Digest, layers: readonly LayerId[]): Promise<LayerStack> => {
    const file = imageFile(stack);
    if (!existsSync(file)) await compose(layers, file);
    return stackOf(await mounts.mount(file));
  };
  /** The merged tree beside the image; that of no layers is the skeleton's. */
  const treeOf = async (layers: readonly LayerId[]): Promise<string> => {
    const file = imageFile(layers.at(-1)?.chainId ?? (await skeleton).diffId);
    if (!existsSync(`${file}.tree`)) await compose(layers, file);
    return `${file}.tree`;
  };
  const remove = (file: string): Promise<void> => {
    rmSync(file, { force: true });
    return mounts.unmount(file).catch(() => undefined);
  };
  return {
    name: "erofs",
    givesTarBack: true,
    async unpack(bytes, options) {
      const layer = await files.ingest(bytes, options);
      // Named by its content already: without a row, the next collection takes it.
      return {
        ...layer,
        isHere: () => files.has(layer.diffId),
        commit: () => undefined,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
    has: ({ diffId }) => files.has(diffId),
    open(layers) {
      const stack = layers.at(-1)?.chainId;
      if (stack === undefined) return { lowers: [empty] };
      const mounted = mounts.find(imageFile(stack));
      if (mounted !== undefined) return stackOf(mounted);
      const under = opening.get(stack);
      if (under) return under;
      const work = open(stack, layers).finally(() => opening.delete(stack));
      opening.set(stack, work);
      return work;
    },
    describe(layers) {
      const stack = layers.at(-1)?.chainId;
      return stack === undefined ? {} : { ImageFile: imageFile(stack), ObjectsDir: files.objects };
    },
    async check(layers, { mend }) {
      const stack = layers.at(-1)?.chainId;
      if (stack === undefined || !existsSync(imageFile(stack))) return null;
      const again = join(root, `${digestHex(stack)}.again`);
      try {
        await compose(layers, again);
        if (sameBytes(again, imageFile(stack))) return null;
        if (mend) await remove(imageFile(stack));
        return "content";
      } finally {
        for (const file of [again, `${again}.tree`]) rmSync(file, { force: true });
      }
    },
    diff: async (from, to, signal) => files.diff(await treeOf(from), await treeOf(to), signal),
    async collect(mark) {
      const { diffId } = await skeleton;
      const keep = mark();
      const stray = readdirSync(root).filter((entry) => {
        const stack = `sha256:${entry.slice(0, 64)}` as Digest;
        return stack !== diffId && !keep.stacks.has(stack) && !opening.has(stack);
      });
      const removed = stray.map((entry) => remove(join(root, entry)));
      const swept = files.collect(new Set([...keep.diffIds, diffId]), keep.drafts);
      await Promise.all(removed);
      return swept;
    },
  };
}

async function skeletonLayer(paths: readonly string[]): Promise<{ tar: Uint8Array; diffId: Digest }> {
  const entries = paths.map(
    (name): TarEntry => (name.endsWith("/") ? { name, directory: true } : { name, bytes: new Uint8Array() }),
  );
  const tar = Buffer.concat(await Array.fromAsync(writeTar(entries)));
  return { tar, diffId: digestOf(tar) };
}

function sameBytes(a: string, b: string): boolean {
  return statSync(a).size === statSync(b).size && readFileSync(a).equals(readFileSync(b));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
