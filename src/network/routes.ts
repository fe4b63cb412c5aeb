/** Endpoints of the Docker API. */
import { parseFilters, type Route } from "../api/index.ts";
import { invalidEndpoint } from "./errors.ts";
import type { Networks } from "./networks.ts";
import { createListFilter, createPruneFilter, listFilters, pruneFilters } from "./view/filters.ts";

/** Containers as this feature needs them. */
export type ContainersOfNetworks = {
  /** `settings` is Docker's EndpointConfig as the client sent it. */
  connect(container: string, network: string, settings: unknown): Promise<void>;
  disconnect(container: string, network: string, force: boolean): Promise<void>;
  /** Whether a container, running or not, is to be connected to the network of that name. */
  isHeld(network: string): boolean;
};

export function networkRoutes(networks: Networks, containers: ContainersOfNetworks): Route[] {
  return [
    {
      method: "GET",
      path: "/networks",
      handle({ query, sendJson }) {
        const filters = parseFilters(query, listFilters);
        sendJson(200, networks.list(createListFilter(filters, networks.isUsed)));
      },
    },
    {
      method: "GET",
      path: "/networks/{id}",
      handle: ({ params, sendJson }) => sendJson(200, networks.inspect(params["id"] ?? "")),
    },
    {
      method: "POST",
      path: "/networks/create",
      async handle({ json, sendJson }) {
        const { id } = await networks.create(await json());
        sendJson(201, { Id: id, Warning: "" });
      },
    },
    {
      method: "POST",
      path: "/networks/{id}/connect",
      async handle({ params, json, sendEmpty }) {
        const { container, endpoint } = parseConnect(await json(), params["id"] ?? "");
        await containers.connect(container, params["id"] ?? "", endpoint);
        sendEmpty(200);
      },
    },
    {
      method: "POST",
      path: "/networks/{id}/disconnect",
      async handle({ params, json, sendEmpty }) {
        const { container, force } = parseConnect(await json(), params["id"] ?? "");
        await containers.disconnect(container, params["id"] ?? "", force);
        sendEmpty(200);
      },
    },
    {
      method: "POST",
      path: "/networks/prune",
      async handle({ query, sendJson }) {
        const matches = createPruneFilter(parseFilters(query, pruneFilters), Date.now());
        const gone = await networks.prune(matches, containers.isHeld);
        sendJson(200, { NetworksDeleted: gone.length > 0 ? gone : null });
      },
    },
    {
      method: "DELETE",
      path: "/networks/{id}",
      async handle({ params, sendEmpty }) {
        await networks.remove(params["id"] ?? "");
        sendEmpty(204);
      },
    },
  ];
}

function parseConnect(body: unknown, network: string): { container: string; endpoint: unknown; force: boolean } {
  const source = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const { Container, EndpointConfig, Force } = source;
  if (typeof Container !== "string" || Container === "") throw invalidEndpoint(network, "Container is not given");
  return { container: Container, endpoint: EndpointConfig ?? {}, force: Force === true };
}
