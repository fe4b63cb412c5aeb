/** GET /images/search. */
import { type ApiRequest, intQuery, parseFilters } from "../../api/index.ts";
import { invalidArgument } from "../../base/errors.ts";
import type { Images } from "../images.ts";

const filterNames = ["is-automated", "is-official", "stars"] as const;
const maxResults = 100;

export async function handleSearch(images: Images, request: ApiRequest): Promise<void> {
  const { query, headers, signal } = request;
  const term = query.get("term") ?? "";
  if (term === "") throw invalidArgument("registry.no_term", "Cannot search: the parameter term is missing");
  const limit = intQuery(query, "limit") ?? 25;
  if (limit < 1 || limit > maxResults) {
    throw invalidArgument("registry.bad_limit", `limit ${limit} is outside the range of [1, ${maxResults}]`);
  }
  const filters = parseFilters(query, filterNames);
  const { searchImages, parseRegistryAuth } = await import("../registry/search/index.ts");
  const credentials = parseRegistryAuth(headers["x-registry-auth"]);
  const { settings } = await images.registries();
  request.sendJson(200, await searchImages(term, { limit, filters, credentials, settings, signal }));
}
