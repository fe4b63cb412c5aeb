/**
 * Which packages are in which layer. A layer is read when a search first asks about packages, in the background, one at a time;
 * what it holds is kept, since a layer never changes.
 */
import type { Digest } from "../../base/digest.ts";
import { errorText } from "../../base/errors.ts";
import type { Images } from "../../images/index.ts";
import type { Database } from "../../state/index.ts";
import { type Manager, type Package, packageFiles, parsePackages } from "./parse-packages.ts";

export type PackageIndex = {
  /** Reads what is not known yet of these layers. Resolves when all is, or was given up. */
  learn(layers: readonly Digest[]): Promise<void>;
  /** How many of these layers are not known yet. */
  unknown(layers: readonly Digest[]): number;
  /** Packages of an image: of each manager, the topmost layer that has its database. Layers bottom first. */
  find(layers: readonly Digest[], wanted: WantedPackage): Package[];
  /** Forgets layers that are gone. */
  forget(isGone: (content: Digest) => boolean): void;
};
export type WantedPackage = { name: string; version: string | null };

const limits = { maxBytes: 16 * 2 ** 30, maxEntries: 4_000_000, maxRatio: 300 };

export function openPackageIndex(db: Database, images: Images): PackageIndex {
  const underWay = new Map<Digest, Promise<void>>();
  let tail = Promise.resolve();
  const managersOf = (content: Digest): string | null => {
    const row = db.prepare("SELECT managers FROM registry_indexed WHERE content = ?").get(content);
    return row && String(row.managers);
  };
  const record = (content: Digest, found: ReadonlyMap<Manager, Package[]>, error: string) =>
    db.transaction(() => {
      db.prepare("INSERT OR REPLACE INTO registry_indexed VALUES (?, ?, ?)").run(
        content,
        [...found.keys()].join(","),
        error,
      );
      const insert = db.prepare("INSERT OR IGNORE INTO registry_packages VALUES (?, ?, ?, ?)");
      for (const [manager, packages] of found)
        for (const { name, version } of packages) insert.run(content, manager, name, version);
    });
  const read = async (content: Digest): Promise<void> => {
    try {
      const input = images.store.blobs.open(content);
      const done = await images.jobs.run(
        { t: "tarFiles", source: { stream: true }, wanted: packageFiles, limits },
        { input },
      );
      record(content, parsePackages(done.found as { path: string; content: Uint8Array }[]), "");
    } catch (error) {
      // A blob that is no archive has no packages; one that has gone is not asked about again.
      record(content, new Map(), errorText(error));
    }
  };
  return {
    async learn(layers) {
      const work = [...new Set(layers)].flatMap((content) => {
        const present = underWay.get(content);
        if (present) return [present];
        if (managersOf(content) !== null) return [];
        tail = tail.then(() => read(content)).finally(() => underWay.delete(content));
        underWay.set(content, tail);
        return [tail];
      });
      await Promise.all(work);
    },
    unknown: (layers) => layers.filter((content) => managersOf(content) === null).length,
    find(layers, { name, version }) {
      const topmost = layers.toReversed();
      return (["dpkg", "apk"] as const).flatMap((manager) => {
        const content = topmost.find((layer) => managersOf(layer)?.split(",").includes(manager));
        if (content === undefined) return [];
        return db
          .prepare(
            "SELECT name, version FROM registry_packages WHERE content = ? AND manager = ? AND name = ? ORDER BY version",
          )
          .all(content, manager, name)
          .map((row) => ({ name: String(row.name), version: String(row.version) }))
          .filter((found) => version === null || found.version === version);
      });
    },
    forget(isGone) {
      const rows = db.prepare("SELECT content FROM registry_indexed").all();
      for (const { content } of rows.filter((row) => isGone(row.content as Digest)))
        for (const table of ["registry_indexed", "registry_packages"])
          db.prepare(`DELETE FROM ${table} WHERE content = ?`).run(String(content));
    },
  };
}
