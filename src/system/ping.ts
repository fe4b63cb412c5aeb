/** GET and HEAD /_ping: by these headers clients choose their API version and builder. */
import type { ApiRequest } from "../api/index.ts";

export const pingHeaders: Readonly<Record<string, string>> = {
  "Builder-Version": "1",
  Swarm: "inactive",
  "Cache-Control": "no-cache, no-store, must-revalidate",
  Pragma: "no-cache",
};

export async function handlePing(request: ApiRequest): Promise<void> {
  const sink = request.stream(200, "text/plain; charset=utf-8", { ...pingHeaders, "Content-Length": "2" });
  await sink.write("OK");
  await sink.end();
}

export async function handlePingHead(request: ApiRequest): Promise<void> {
  await request.stream(200, "text/plain; charset=utf-8", { ...pingHeaders, "Content-Length": "0" }).end();
}
