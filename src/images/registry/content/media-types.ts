/** Media types of manifests and layers: those of OCI, and Docker's own from before. */

export const manifestTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

/** What we can read, best first. */
export const acceptedManifests = [
  manifestTypes.ociManifest,
  manifestTypes.ociIndex,
  manifestTypes.dockerManifest,
  manifestTypes.dockerList,
  "*/*;q=0.1",
].join(", ");

export function isIndexType(mediaType: string): boolean {
  return mediaType === manifestTypes.ociIndex || mediaType === manifestTypes.dockerList;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === manifestTypes.ociManifest || mediaType === manifestTypes.dockerManifest;
}

export function isSchemaOneType(mediaType: string): boolean {
  return /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/.test(mediaType);
}

const imageConfigs = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

export function isImageConfigType(mediaType: string): boolean {
  return imageConfigs.has(mediaType);
}

const layerTypes =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.(diff|foreign\.diff)\.tar(\.gzip|\.zstd)?)$/;

export function isLayerType(mediaType: string): boolean {
  return layerTypes.test(mediaType);
}

/** Not to be pushed: it is fetched from the addresses that its descriptor names. */
export function isForeignLayerType(mediaType: string): boolean {
  return isLayerType(mediaType) && /nondistributable|foreign/.test(mediaType);
}

/** Of a Content-Type header, without parameters. */
export function bareMediaType(header: string | null): string {
  return (header ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}
