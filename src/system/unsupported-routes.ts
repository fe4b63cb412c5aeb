/**
 * Docker's endpoints that no feature has: each is refused with its reason (501), so that a client need not guess from a 404.
 * docs/docker-compatibility.md is made from this table and the features' own.
 */
import { type Method, type Route, refusedRoute } from "../api/index.ts";
import { EngineError } from "../base/errors.ts";

type Group = { action: string; state: string; hint: string; planned: boolean; endpoints: readonly string[] };

const noSwarm = {
  state: "this engine runs containers on one machine and has no swarm mode",
  hint: "run a container, or use an orchestrator above several machines",
  planned: false,
};
const noBuilder = {
  state: "this version has no builder yet",
  hint: "change a container and use `hbx commit`, or build elsewhere and `hbx load` the image",
  planned: true,
};

const groups: readonly Group[] = [
  { ...noBuilder, action: "build an image", endpoints: ["POST /build", "POST /build/cancel"] },
  { ...noBuilder, action: "open a build session", endpoints: ["POST /session", "POST /grpc"] },
  {
    action: "change a volume",
    state: "only volumes of a swarm cluster can be changed, and this engine has no swarm mode",
    hint: "remove the volume and create it anew",
    planned: false,
    endpoints: ["PUT /volumes/{name}"],
  },
  {
    action: "use a plugin",
    state: "this engine loads no plugins",
    hint: "volumes, networks and logs have built-in drivers",
    planned: false,
    endpoints: [
      "GET /plugins",
      "GET /plugins/privileges",
      "POST /plugins/pull",
      "POST /plugins/create",
      "GET /plugins/{name:*}/json",
      "POST /plugins/{name:*}/enable",
      "POST /plugins/{name:*}/disable",
      "POST /plugins/{name:*}/upgrade",
      "POST /plugins/{name:*}/push",
      "POST /plugins/{name:*}/set",
      "DELETE /plugins/{name:*}",
    ],
  },
  {
    ...noSwarm,
    action: "use a swarm",
    endpoints: [
      "GET /swarm",
      "POST /swarm/init",
      "POST /swarm/join",
      "POST /swarm/leave",
      "POST /swarm/update",
      "GET /swarm/unlockkey",
      "POST /swarm/unlock",
      "GET /nodes",
      "GET /nodes/{id}",
      "DELETE /nodes/{id}",
      "POST /nodes/{id}/update",
    ],
  },
  {
    ...noSwarm,
    action: "use a service",
    endpoints: [
      "GET /services",
      "POST /services/create",
      "GET /services/{id}",
      "DELETE /services/{id}",
      "POST /services/{id}/update",
      "GET /services/{id}/logs",
      "GET /tasks",
      "GET /tasks/{id}",
      "GET /tasks/{id}/logs",
    ],
  },
  ...["secret", "config"].map((what) => ({
    ...noSwarm,
    action: `use a ${what}`,
    endpoints: [
      `GET /${what}s`,
      `POST /${what}s/create`,
      `GET /${what}s/{id}`,
      `DELETE /${what}s/{id}`,
      `POST /${what}s/{id}/update`,
    ],
  })),
];

export function unsupportedRoutes(): Route[] {
  return groups.flatMap(({ action, state, hint, planned, endpoints }) => {
    const message = `Cannot ${action}: ${state}`;
    const error = new EngineError({ code: "system.unsupported", kind: "unsupported", message, hint });
    return endpoints.map((endpoint) => {
      const [method = "", path = ""] = endpoint.split(" ");
      return refusedRoute(method as Method, path, error, planned);
    });
  });
}
