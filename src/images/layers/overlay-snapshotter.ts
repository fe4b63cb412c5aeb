/** Plain unpacked layers, `layers/<chain id>/fs`, stacked by overlayfs. */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex, parseDigest } from "../../base/digest.ts";
import { createShortId } from "../../base/ids.ts";
import type { UnpackLimits } from "../../engines/index.ts";
import type { Jobs } from "../dependencies.ts";
import type { Snapshotter } from "./snapshotter.ts";

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
  const remove = async (path: string) => {
    await jobs.run({ t: "removeTree", path });
  };
  /** Renames first: what is being removed can never be taken for a layer. */
  const retire = (path: string): Promise<void> => {
    const draft = join(drafts, createShortId());
    renameSync(path, draft);
    return remove(draft);
  };
  return {
    name: "overlayfs",
    async unpack(bytes, expectedDigest, signal) {
      const draft = join(drafts, createShortId());
      const dest = join(draft, "fs");
      mkdirSync(dest, { recursive: true, mode: 0o755 });
      let committed = false;
      const discard = async () => {
        if (committed || !existsSync(draft)) return;
        await remove(draft);
      };
      try {
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
          { signal, ...("file" in bytes ? {} : { input: bytes.chunks }) },
        );
        return {
          digest: parseDigest(done.digest, "the native core's answer"),
          diffId: parseDigest(done.diffId, "the native core's answer"),
          sizeBytes: Number(done.sizeBytes),
          blobBytes: Number(done.compressedBytes),
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
    has: (chainId) => existsSync(join(layerDir(chainId), "fs")),
    lowers: (chainIds) => (chainIds.length === 0 ? [empty] : chainIds.map((id) => join(layerDir(id), "fs")).reverse()),
    discard: (chainId) => (existsSync(layerDir(chainId)) ? retire(layerDir(chainId)) : Promise.resolve()),
    async sweep(known) {
      const draftPaths = readdirSync(drafts).map((entry) => join(drafts, entry));
      const strays = readdirSync(root).filter((entry) => /^[0-9a-f]{64}$/.test(entry) && !known.has(`sha256:${entry}`));
      for (const path of draftPaths) await remove(path);
      for (const entry of strays) await retire(join(root, entry));
      return draftPaths.length + strays.length;
    },
  };
}
