/** What pulls and pushes share for as long as the daemon lives. */
import type { Database } from "../../state/index.ts";
import { createDownloads, type Downloads } from "./download/downloads.ts";
import { partialDirectory } from "./download/sweep-partials.ts";
import { type KeptManifests, openKeptManifests } from "./kept-manifests.ts";
import type { RegistrySettings } from "./settings.ts";

export type Registries = {
  readonly settings: RegistrySettings;
  readonly downloads: Downloads;
  readonly manifests: KeptManifests;
};

export function openRegistries(home: string, db: Database, settings: RegistrySettings): Registries {
  return { settings, downloads: createDownloads(partialDirectory(home), settings), manifests: openKeptManifests(db) };
}
