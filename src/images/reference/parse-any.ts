/** What a user may name an image by: an id, a part of one, or a reference. */
import { type Digest, isDigest } from "../../base/digest.ts";
import { identifierPattern } from "./grammar.ts";
import { parseReference, type Reference, withDefaultTag } from "./reference.ts";

export type ImageName =
  | { kind: "id"; id: Digest }
  /** `idPrefix` is set where the text could be the beginning of an id too; the reference is tried first. */
  | { kind: "reference"; reference: Reference; idPrefix: string | null };

export function parseImageName(text: string): ImageName {
  if (identifierPattern.test(text)) return { kind: "id", id: `sha256:${text}` as Digest };
  if (isDigest(text)) return { kind: "id", id: text };
  const prefix = /^(?:sha256:)?([a-f0-9]{1,64})$/.exec(text)?.[1] ?? null;
  return { kind: "reference", reference: withDefaultTag(parseReference(text)), idPrefix: prefix };
}
