import type { Route } from "../api/index.ts";
import { parseSocketRequest } from "./parse-request.ts";
import type { Sockets } from "./sockets.ts";

export function socketRoutes(sockets: Sockets): Route[] {
  return [
    { method: "GET", path: "/hbx/v1/sockets", handle: (request) => request.sendJson(200, sockets.list()) },
    {
      method: "POST",
      path: "/hbx/v1/sockets",
      handle: async (request) => request.sendJson(201, await sockets.create(parseSocketRequest(await request.json()))),
    },
    {
      method: "DELETE",
      path: "/hbx/v1/sockets/{name}",
      handle: async (request) => {
        await sockets.remove(request.params["name"] ?? "");
        request.sendEmpty(204);
      },
    },
  ];
}
