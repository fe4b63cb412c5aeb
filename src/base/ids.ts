/** Random identifiers: 64 hex digits for objects users see, 16 for host objects. */
import { randomBytes } from "node:crypto";

declare const brand: unique symbol;
export type ContainerId = string & { readonly [brand]: "ContainerId" };

export function createContainerId(): ContainerId {
  return randomBytes(32).toString("hex") as ContainerId;
}

/** Id of an exec, a network endpoint or another 64-digit object. */
export function createObjectId(): string {
  return randomBytes(32).toString("hex");
}

/** Id of a spare: short, since it ends up in interface and socket names. */
export function createShortId(): string {
  return randomBytes(8).toString("hex");
}

/** The 12 digits that people see. */
export function shortId(id: string): string {
  return id.startsWith("sha256:") ? id.slice(7, 19) : id.slice(0, 12);
}
