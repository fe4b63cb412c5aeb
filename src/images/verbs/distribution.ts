/** GET /distribution/{name}/json: what a registry has under a name, without fetching it. */
import type { ApiRequest } from "../../api/index.ts";
import type { Images } from "../images.ts";
import { parseReference, withDefaultTag } from "../reference/reference.ts";

export async function handleDistribution(images: Images, request: ApiRequest): Promise<void> {
  const reference = withDefaultTag(parseReference(request.params.name ?? ""));
  const { describeImage, parseRegistryAuth } = await import("../registry/inspect/index.ts");
  const credentials = parseRegistryAuth(request.headers["x-registry-auth"]);
  const { settings } = await images.registries();
  request.sendJson(200, await describeImage(reference, { credentials, settings, signal: request.signal }));
}
