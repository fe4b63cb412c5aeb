/** An event of type image, with the image's labels and `name` as Docker gives them. */
import type { Digest } from "../base/digest.ts";
import type { Images } from "./images.ts";

export type ImageAction = "load" | "pull" | "push" | "import" | "tag" | "untag" | "delete" | "save";

export function imageEvent(images: Images, action: ImageAction, id: Digest, name: string): void {
  const labels = images.store.byId(id)?.file.config.Labels ?? {};
  images.events.publish({ type: "image", action, id, attributes: { ...labels, name } });
}
