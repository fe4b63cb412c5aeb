/** GET /hbx/v1/manifests/{name}: the manifest or index that a registry has under a name, byte by byte. */
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import type { Images } from "../images.ts";
import { parseReference, withDefaultTag } from "../reference/reference.ts";

export async function handleManifest(images: Images, request: ApiRequest): Promise<void> {
  const reference = withDefaultTag(parseReference(request.params.name ?? ""));
  const { fetchManifests, parseRegistryAuth } = await import("../registry/inspect/index.ts");
  const { query, headers, signal } = request;
  const credentials = parseRegistryAuth(headers["x-registry-auth"]);
  const { settings } = await images.registries();
  const wanted = { children: boolQuery(query, "children"), referrers: boolQuery(query, "referrers") };
  request.sendJson(200, await fetchManifests(reference, wanted, { credentials, settings, signal }));
}
