/** Both forms of layers on the real kernel against the contract of snapshotters. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createLogger } from "../../src/base/log.ts";
import { findCore } from "../../src/daemon/core-path.ts";
import { createHeldMounts, createJobs, createZygote, failureMessage } from "../../src/engines/native/index.ts";
import { findObstacle } from "../../src/images/layers/choose-storage-driver.ts";
import { createErofsSnapshotter } from "../../src/images/layers/erofs-snapshotter.ts";
import { createOverlaySnapshotter } from "../../src/images/layers/overlay-snapshotter.ts";
import { type SnapshotterLab, snapshotterConformance } from "../../src/images/layers/snapshotter.conformance.ts";
import { openFileStore } from "../../src/images/store/file-store.ts";
import { member, tarOf } from "../support/tar.ts";

const limits = { maxBytes: 1 << 30, maxEntries: 10_000, maxRatio: 300 };

function openCore() {
  const home = mkdtempSync(join(tmpdir(), "hbx-layers-"));
  const logger = createLogger((line) => process.stderr.write(line), "warn");
  const corePath = findCore(process.env["HYPERBOX_CORE"], join(import.meta.dirname, "../../src/daemon"));
  const zygote = createZygote({ corePath, socketPath: join(home, "zygote"), logger });
  const jobs = createJobs(zygote.connect, (_frame, failed) => failureMessage(failed));
  const mounts = createHeldMounts(zygote.connect, (failed) => failureMessage(failed));
  const close = async () => {
    mounts[Symbol.dispose]();
    await zygote[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  };
  return { home, jobs, mounts, close };
}

async function openLab(form: "erofs" | "overlayfs"): Promise<SnapshotterLab> {
  const { home, jobs, mounts, close } = openCore();
  const snapshotter =
    form === "overlayfs"
      ? createOverlaySnapshotter({ home, jobs, limits, chownToSelf: false })
      : createErofsSnapshotter({ files: openFileStore({ home, jobs, limits }), mounts, mountPoints: [] });
  let count = 0;
  const newPath = () => join(home, `new-${++count}`);
  return {
    snapshotter,
    newPath,
    readFile: (path) => readFileSync(path),
    tar: (files) => tarOf(Object.entries(files).map(([name, content]) => member(name, content ?? ""))),
    async read(root) {
      const dest = newPath();
      mkdirSync(dest);
      await jobs.run({ t: "copyUp", root, path: "/", dest });
      const files = readdirSync(dest, { recursive: true }).map((entry) => join(dest, String(entry)));
      return Object.fromEntries(
        files
          .filter((path) => statSync(path).isFile())
          .map((path) => [relative(dest, path), readFileSync(path, "utf8")]),
      );
    },
    [Symbol.asyncDispose]: close,
  };
}

const core = openCore();
const obstacle = await findObstacle(core);
await core.close();

snapshotterConformance("plain directories", () => openLab("overlayfs"));
if (obstacle === null) snapshotterConformance("EROFS over objects", () => openLab("erofs"));
else console.log(`skipped: EROFS over objects: ${obstacle}`);
