/** What a registry has under a name, as text, with what belongs to it where that is asked for. */
import { formatPlatform } from "../../config/platform.ts";
import { familiarRepository, type Reference } from "../../reference/reference.ts";
import { openClients } from "../client.ts";
import type { Content, Descriptor } from "../content/manifest.ts";
import { firstOf } from "../pull/resolve.ts";
import { fetchReferrers } from "../referrers.ts";
import type { AskOptions } from "./describe.ts";

export type ManifestAnswer = {
  /** `name@digest`. */
  Ref: string;
  Descriptor: { mediaType: string; digest: string; size: number; platform?: string };
  /** Its own bytes: they hash to the digest. */
  Text: string;
  Manifests?: ManifestAnswer[];
  Referrers?: { mediaType: string; digest: string; size: number; artifactType: string }[];
};

export async function fetchManifests(
  reference: Reference,
  wanted: { children: boolean; referrers: boolean },
  { signal, ...access }: AskOptions,
): Promise<ManifestAnswer> {
  const { client, answer: root } = await firstOf(openClients(reference, access), reference, signal, (one) =>
    one.manifest(reference.digest ?? reference.tag ?? "latest", reference.digest, signal),
  );
  const name = familiarRepository(reference);
  const out = describe(name, root, null);
  if (wanted.children && root.kind === "index") {
    out.Manifests = [];
    for (const entry of root.manifests) {
      const child = await client.manifest(entry.digest, entry.digest, signal);
      if (child) out.Manifests.push(describe(name, child, entry));
    }
  }
  if (wanted.referrers) {
    out.Referrers = (await fetchReferrers(client, root.digest, signal)).map(
      ({ mediaType, digest, size, artifactType }) => ({ mediaType, digest, size, artifactType }),
    );
  }
  return out;
}

function describe(name: string, { mediaType, digest, bytes }: Content, entry: Descriptor | null): ManifestAnswer {
  const platform = entry?.platform ? { platform: formatPlatform(entry.platform) } : {};
  return {
    Ref: `${name}@${digest}`,
    Descriptor: { mediaType, digest, size: bytes.byteLength, ...platform },
    Text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  };
}
