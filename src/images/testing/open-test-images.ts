/** For tests: the feature in a home of its own, over real tar. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEvents, openDatabase } from "../../state/index.ts";
import type { CommitSource, ImageUse } from "../dependencies.ts";
import { type Images, openImages } from "../images.ts";
import type { RegistrySettings } from "../registry/settings.ts";
import { loadArchive } from "../verbs/load.ts";
import { type TreeFiles, tarOf } from "./archives.ts";
import { createTarJobs, type TarJobs } from "./tar-jobs.ts";

export type TestImages = Disposable & {
  readonly home: string;
  readonly jobs: TarJobs;
  images: Images;
  uses: Map<string, ImageUse[]>;
  commitSource: CommitSource | null;
  /** The time that images are told. */
  nowMs: number;
  /** As after a crash: everything in memory is forgotten. */
  reopen(): void;
  load(files: TreeFiles | Buffer, platform?: { os: string; architecture: string; variant: string }): Promise<string[]>;
};

export function openTestImages(more: { registrySettings?: RegistrySettings } = {}): TestImages {
  const home = mkdtempSync(join(tmpdir(), "hbx-images-"));
  const jobs = createTarJobs();
  const uses = new Map<string, ImageUse[]>();
  const clock = { nowMs: Date.now() };
  const open = () => {
    const db = openDatabase(join(home, "state.db"));
    const images = openImages({
      ...more,
      home,
      db,
      jobs,
      events: createEvents(),
      now: () => clock.nowMs,
      uses: { of: (id) => uses.get(id) ?? [] },
      commits: {
        open: () => {
          if (!test.commitSource) throw new Error("no container to commit");
          return Promise.resolve(test.commitSource);
        },
      },
    });
    return { db, images };
  };
  let opened = open();
  const test: TestImages = {
    home,
    jobs,
    uses,
    images: opened.images,
    commitSource: null,
    get nowMs() {
      return clock.nowMs;
    },
    set nowMs(nowMs) {
      clock.nowMs = nowMs;
    },
    reopen() {
      opened.db[Symbol.dispose]();
      opened = open();
      test.images = opened.images;
    },
    load(files, platform) {
      const bytes = Buffer.isBuffer(files) ? files : tarOf(files);
      const body = (async function* () {
        yield bytes;
      })();
      const options = { platform: platform ?? null, signal: new AbortController().signal };
      return Array.fromAsync(loadArchive(test.images, body, options));
    },
    [Symbol.dispose]() {
      opened.db[Symbol.dispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return test;
}
