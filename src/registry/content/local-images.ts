/**
 * Images of this host as repositories, without a copy: `alpine:3.20` is served as `alpine`, and as `library/alpine` and
 * `docker.io/library/alpine` too; `ghcr.io/team/app` under its full name; `localhost:5000/app`, where that is a server of ours,
 * as `app`. They can be pulled and mounted from, and are changed by the verbs for images only.
 */
import {
  type BlobDescriptor,
  familiarRepository,
  type Image,
  type Images,
  imageManifest,
  type KeptManifests,
  type Reference,
} from "../../images/index.ts";
import { type ContentDigest, isRepository, type Repository } from "./names.ts";

export type LocalManifest = {
  digest: ContentDigest;
  mediaType: string;
  bytes: Uint8Array;
  blobs: readonly BlobDescriptor[];
  image: Image;
};
export type LocalImages = {
  manifest(repository: Repository, reference: { digest: ContentDigest } | { tag: string }): LocalManifest | null;
  blob(repository: Repository, digest: ContentDigest): BlobDescriptor | null;
  /** Sorted. */
  tags(repository: Repository): readonly string[];
  /** Under the names that people use. Sorted. */
  repositories(): readonly string[];
  has(repository: Repository): boolean;
};

type Entry = { tags: Map<string, Image>; images: Set<Image> };

/** `ours` are the addresses (`localhost:5000`) under which servers of this daemon are reached. */
export function openLocalImages(images: Images, kept: KeptManifests, ours: () => ReadonlySet<string>): LocalImages {
  const { store } = images;
  let generation = -1;
  let served: ReadonlySet<string> | null = null;
  let repositories = new Map<string, Entry>();
  let listed: string[] = [];
  const manifests = new Map<string, LocalManifest>();

  /** As it was pulled, byte by byte, where that is known and all of it is here. */
  const manifestOf = (image: Image): LocalManifest => {
    const known = manifests.get(image.id);
    if (known) return known;
    const came = kept.of(store, image);
    const own = imageManifest(store, image);
    const made = {
      digest: (came?.digest ?? own.descriptor.digest) as string as ContentDigest,
      mediaType: came?.mediaType ?? own.descriptor.mediaType,
      bytes: came?.bytes ?? own.bytes,
      blobs: [own.config, ...own.layers, ...(came?.layers ?? [])],
      image,
    };
    manifests.set(image.id, made);
    return made;
  };
  const read = (): Map<string, Entry> => {
    const addresses = ours();
    if (generation === store.generation && served === addresses) return repositories;
    generation = store.generation;
    served = addresses;
    repositories = new Map();
    manifests.clear();
    const shown = new Set<string>();
    const isOurs = ({ domain }: Reference) => addresses.has(domain);
    const named = store.list().flatMap((image) => image.references.map((reference) => ({ image, reference })));
    // Names of our own servers come last: of two images with one name, the one that was meant for us is served.
    for (const { image, reference } of [
      ...named.filter((one) => !isOurs(one.reference)),
      ...named.filter((one) => isOurs(one.reference)),
    ]) {
      const [name, ...aliases] = namesFor(reference, isOurs(reference)).filter(isRepository);
      if (name === undefined) continue;
      shown.add(name);
      for (const each of [name, ...aliases]) {
        const entry = repositories.get(each) ?? { tags: new Map(), images: new Set() };
        if (reference.tag !== null) entry.tags.set(reference.tag, image);
        entry.images.add(image);
        repositories.set(each, entry);
      }
    }
    listed = [...shown].sort();
    return repositories;
  };
  return {
    manifest(repository, reference) {
      const entry = read().get(repository);
      if (!entry) return null;
      if ("tag" in reference) {
        const image = entry.tags.get(reference.tag);
        return image ? manifestOf(image) : null;
      }
      for (const image of entry.images) {
        const manifest = manifestOf(image);
        if (manifest.digest === reference.digest) return manifest;
      }
      return null;
    },
    blob(repository, digest) {
      for (const image of read().get(repository)?.images ?? []) {
        const found = manifestOf(image).blobs.find((item) => (item.digest as string) === digest);
        if (found && store.blobs.has(found.digest)) return found;
      }
      return null;
    },
    tags: (repository) => [...(read().get(repository)?.tags.keys() ?? [])].sort(),
    repositories() {
      read();
      return listed;
    },
    has: (repository) => read().has(repository),
  };
}

/** The name that is listed, then others that are understood. A colon cannot stand in a repository's name. */
function namesFor(reference: Reference, isOurs: boolean): string[] {
  const { domain, path } = reference;
  if (isOurs) return [path];
  if (domain === "docker.io") return [...new Set([familiarRepository(reference), path, `docker.io/${path}`])];
  return [`${domain.toLowerCase().replace(":", "_")}/${path}`];
}
