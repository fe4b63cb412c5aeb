/** Plain unpacked layers, `layers/<chain id>/fs`, stacked by overlayfs. */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex, parseDigest } from "../../base/digest.ts";
import { createShortId } from "../../base/ids.ts";
import type { UnpackLimits } from "../../engines/index.ts";
import type { Jobs } from "../dependencies.ts";
import { copyWhileRead } from "./copy-while-read.ts";
import type { LayerId, Snapshotter } from "./snapshotter.ts";

export type OverlayOptions = {
  home: string;
  jobs: Jobs;
  limits: UnpackLimits;
  /** Rootless with a single id: everything belongs to that id. */
  chownToSelf: boolean;
};

export function createOverlaySnapshotter({ home, jobs, limits, chownToSelf }: OverlayOptions): Snapshotter {
  const root = join(home, "layers");
  const drafts = join(root, "drafts");
  const empty = join(root, "empty");
  mkdirSync(drafts, { recursive: true, mode: 0o700 });
  mkdirSync(empty, { recursive: true, mode: 0o755 });
  const layerDir = (chainId: Digest) => join(root, digestHex(chainId));
  const lowers = (layers: readonly LayerId[]) =>
    layers.length === 0 ? [empty] : layers.map(({ chainId }) => join(layerDir(chainId), "fs")).reverse();
  const sizeOf = async (path: string) => Number((await jobs.run({ t: "usage", path })).sizeBytes);
  const remove = async (path: string) => {
    await jobs.run({ t: "removeTree", path });
  };
  return {
    name: "overlayfs",
    givesTarBack: false,
    diff: null,
    async unpack(bytes, { expectedDigest, signal, copyTo }) {
      const draft = join(drafts, createShortId());
      const dest = join(draft, "fs");
      mkdirSync(dest, { recursive: true, mode: 0o755 });
      let committed = false;
      const discard = async () => {
        if (committed || !existsSync(draft)) return;
        await remove(draft);
      };
      try {
        const input = "file" in bytes ? undefined : copyTo ? copyWhileRead(bytes.chunks, copyTo) : bytes.chunks;
        const done = await jobs.run(
          {
            t: "unpack",
            source: "file" in bytes ? { path: bytes.file } : { stream: true },
            dest,
            whiteouts: "overlay",
            limits,
            ...(expectedDigest === null ? {} : { expectedDigest }),
            ...(chownToSelf ? { chownToSelf } : {}),
          },
          { signal, input },
        );
        return {
          digest: parseDigest(done.digest, "the native core's answer"),
          diffId: parseDigest(done.diffId, "the native core's answer"),
          sizeBytes: Number(done.sizeBytes),
          blobBytes: Number(done.compressedBytes),
          isHere: () => true,
          commit(chainId) {
            if (existsSync(layerDir(chainId))) return;
            renameSync(draft, layerDir(chainId));
            committed = true;
          },
          [Symbol.asyncDispose]: discard,
        };
      } catch (error) {
        await discard();
        throw error;
      }
    },
    has: ({ chainId }) => existsSync(join(layerDir(chainId), "fs")),
    open: (layers) => ({ lowers: lowers(layers) }),
    describe(layers) {
      const [top = "", ...below] = lowers(layers);
      return { UpperDir: top, ...(below.length > 0 ? { LowerDir: below.join(":") } : {}) };
    },
    check: () => Promise.resolve(null), // nothing is made ahead
    async collect(mark) {
      const keep = mark();
      const strays = readdirSync(root).filter(
        (entry) => /^[0-9a-f]{64}$/.test(entry) && !keep.chains.has(`sha256:${entry}` as Digest),
      );
      const left = keep.drafts ? readdirSync(drafts).map((entry) => join(drafts, entry)) : [];
      // Renamed first: what is being removed can never be taken for a layer.
      const retired = strays.map((entry) => {
        const draft = join(drafts, createShortId());
        renameSync(join(root, entry), draft);
        return draft;
      });
      const sizes = await Promise.all(
        [...left, ...retired].map(async (path) => {
          const sizeBytes = await sizeOf(path).catch(() => 0);
          await remove(path).catch(() => undefined); // swept at the next start
          return sizeBytes;
        }),
      );
      return { items: sizes.length, sizeBytes: sizes.reduce((sum, size) => sum + size, 0) };
    },
  };
}
