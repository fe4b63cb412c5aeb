/** What works differently from what the request may hope for; shown to the user by the client. */
import type { Container } from "../model/container.ts";

export function warnings({ hostConfig }: Container): string[] {
  const out: string[] = [];
  if (hostConfig.IpcMode.startsWith("container:")) {
    out.push(
      "The container shares System V objects and message queues with the other one, but has a /dev/shm of its own.",
    );
  }
  return out;
}
