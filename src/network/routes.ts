/** Endpoints of the Docker API. */
import { type Method, parseFilters, type Route, refusedRoute } from "../api/index.ts";
import { predefinedOnly } from "./errors.ts";
import type { Networks } from "./networks.ts";
import type { NetworkJson } from "./schema.ts";
import type { Attached } from "./view/network-json.ts";

/** `attached`: running containers and how they are connected. */
export function networkRoutes(networks: Networks, attached: () => readonly Attached[]): Route[] {
  const refused = (method: Method, path: string, action: string) =>
    refusedRoute(method, path, predefinedOnly(action), true);
  return [
    {
      method: "GET",
      path: "/networks",
      handle({ query, sendJson }) {
        const filters = parseFilters(query, ["dangling", "driver", "id", "label", "name", "scope", "type"]);
        sendJson(
          200,
          networks.list().filter((network) => matches(network, filters)),
        );
      },
    },
    {
      method: "GET",
      path: "/networks/{id}",
      handle: ({ params, sendJson }) => sendJson(200, networks.inspect(params["id"] ?? "", attached())),
    },
    refused("POST", "/networks/create", "create a network"),
    refused("POST", "/networks/{id}/connect", "connect a container to a network"),
    refused("POST", "/networks/{id}/disconnect", "disconnect a container from a network"),
    refused("DELETE", "/networks/{id}", "remove a network"),
    // There are none that could be unused, so nothing is removed.
    { method: "POST", path: "/networks/prune", handle: ({ sendJson }) => sendJson(200, { NetworksDeleted: null }) },
  ];
}

/** Docker's filters: values of one name are alternatives, names all apply. */
export function matches(network: NetworkJson, filters: ReadonlyMap<string, readonly string[]>): boolean {
  const tests: Record<string, (value: string) => boolean> = {
    name: (value) => network.Name.includes(value),
    id: (value) => network.Id.startsWith(value),
    driver: (value) => network.Driver === value,
    scope: (value) => network.Scope === value,
    type: (value) => value === "builtin",
    // The predefined networks have no labels, and are never in the way of a prune.
    label: () => false,
    dangling: (value) => value === "false" || value === "0",
  };
  return [...filters].every(
    ([name, values]) => values.length === 0 || values.some((value) => tests[name]?.(value) ?? false),
  );
}
