/** The manifest of an index that this machine (or the platform asked for) runs. */
import type { Platform } from "../../config/platform.ts";
import type { Descriptor } from "./manifest.ts";
import { isIndexType, isManifestType } from "./media-types.ts";

const newestArm = 8;

/** Null: none fits. Equally good ones: the first. */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | null {
  let best: Descriptor | null = null;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const entry of imagesOf(manifests)) {
    const rank = entry.platform === null ? null : rankOf(wanted, entry.platform);
    if (rank === null || rank >= bestRank) continue;
    best = entry;
    bestRank = rank;
  }
  return best;
}

/** Without attestations and other things that travel in indexes. */
export function imagesOf(manifests: readonly Descriptor[]): Descriptor[] {
  return manifests.filter(
    ({ mediaType, platform, annotations }) =>
      (isManifestType(mediaType) || isIndexType(mediaType)) &&
      platform?.os !== "unknown" &&
      platform?.architecture !== "unknown" &&
      annotations["vnd.docker.reference.type"] !== "attestation-manifest",
  );
}

/** 0 is exact; null does not run. An arm machine runs what was built for older ones, amd64 without a variant any v1. */
function rankOf(wanted: Platform, given: Platform): number | null {
  if (wanted.os !== given.os || wanted.architecture !== given.architecture) return null;
  const [want, have] = [variantOf(wanted), variantOf(given)];
  if (want === have) return 0;
  if (wanted.architecture === "arm") {
    const distance = Number(want.slice(1)) - Number(have.slice(1));
    return distance > 0 ? distance : null;
  }
  if (wanted.architecture === "amd64") {
    const distance = Number(want.slice(1)) - Number(have.slice(1));
    return distance > 0 ? distance : null;
  }
  return null;
}

function variantOf({ architecture, variant }: Platform): string {
  if (architecture === "arm64") return variant === "" || variant === "8" ? "v8" : variant;
  if (architecture === "arm") return variant === "" ? `v${newestArm - 1}` : `v${variant.replace(/^v/, "")}`;
  if (architecture === "amd64") return variant === "" ? "v1" : variant;
  return variant;
}
