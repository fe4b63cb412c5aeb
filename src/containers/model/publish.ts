/** Container events with Docker's attributes: the labels, the image and the name, then what the action adds. */
import type { Container } from "./container.ts";
import type { Context } from "./context.ts";

export function publish(context: Context, container: Container, action: string, extra?: Record<string, string>): void {
  context.events.publish({
    type: "container",
    action,
    id: container.id,
    attributes: { ...container.config.Labels, image: container.config.Image, name: container.name, ...extra },
  });
}
