/** Who asks, and what they may. */
import type { Repository } from "../content/names.ts";

/** `ping` is the question whether credentials are needed and good. `repository` null: the registry as a whole. */
export type Need =
  | { action: "ping" | "catalog"; repository: null }
  | { action: "pull" | "push" | "delete"; repository: Repository };

export type Access = {
  /** Null: nobody in particular. */
  name: string | null;
  may(need: Need): boolean;
};

export const everything = (name: string | null): Access => ({ name, may: () => true });
export const nothing: Access = { name: null, may: () => false };
export const reading = (name: string | null): Access => ({
  name,
  may: ({ action }) => action === "pull" || action === "catalog" || action === "ping",
});
