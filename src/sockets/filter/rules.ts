/** Every endpoint that there is through a filtered socket, and what is looked at. What is missing here is refused. */
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import type { Objects } from "../dependencies.ts";
import { fieldForbidden, notThroughThisSocket, quotaUsedUp } from "../errors.ts";
import type { SocketLimits } from "../schema.ts";
import { judgeCreate, judgeUpdate } from "./create.ts";
import { isOwn, narrowed, ownerLabel, replacing, requireOwn } from "./own.ts";
import type { Reservations } from "./reservations.ts";

export type Filter = { socket: string; limits: SocketLimits; objects: Objects; reservations: Reservations };
/** Answers the request to hand on, or throws. */
export type Rule = (request: ApiRequest, filter: Filter) => ApiRequest | Promise<ApiRequest>;

const open: Rule = (request) => request;
const list: Rule = (request, { socket }) => narrowed(request, socket);

const container: Rule = (request, { socket, objects }) => {
  const ref = request.params["id"] ?? "";
  requireOwn("container", ref, objects.container(ref), socket);
  return request;
};

const execution: Rule = (request, { socket, objects }) => {
  const id = request.params["id"] ?? "";
  requireOwn("exec instance", id, objects.execContainer(id), socket);
  return request;
};

const volume: Rule = (request, { socket, objects }) => {
  const name = request.params["name"] ?? "";
  requireOwn("volume", name, objects.volume(name), socket);
  return request;
};

const create: Rule = async (request, { socket, limits, objects, reservations }) => {
  const asked = objects.parseCreate(await request.json());
  const there = objects.containersWith(ownerLabel, socket) + reservations.count("container");
  if (there >= limits.MaxContainers) throw quotaUsedUp("container", limits.MaxContainers);
  const body = judgeCreate(asked, {
    ...{ socket, limits },
    ownContainer: (ref) => isOwn(objects.container(ref), socket),
    ownVolume: (name) => isOwn(objects.volume(name), socket),
  });
  return reservations.take("container", replacing(request, { json: () => Promise.resolve(body) }));
};

const exec: Rule = async (request, filter) => {
  const own = await container(request, filter);
  const body = await own.json();
  const names = Object.entries((body as Record<string, unknown> | null) ?? {});
  if (names.some(([name, value]) => name.toLowerCase() === "privileged" && value)) {
    throw fieldForbidden("Privileged", "a process has no more rights than its container");
  }
  return replacing(own, { json: () => Promise.resolve(body) });
};

const update: Rule = async (request, filter) => {
  const own = await container(request, filter);
  const body = await own.json();
  judgeUpdate(filter.objects.parseUpdate(body), filter.limits);
  return replacing(own, { json: () => Promise.resolve(body) });
};

const createVolume: Rule = async (request, { socket, limits, objects, reservations }) => {
  const body = ((await request.json()) ?? {}) as Record<string, unknown>;
  const { Name, Driver, DriverOpts, Labels } = body;
  if (typeof Name === "string" && Name !== "") {
    const there = objects.volume(Name);
    if (there && !isOwn(there, socket)) throw fieldForbidden("Name", `${Name} is taken`);
  }
  const count = objects.volumesWith(ownerLabel, socket) + reservations.count("volume");
  if (count >= limits.MaxVolumes) throw quotaUsedUp("volume", limits.MaxVolumes);
  if (Object.keys((DriverOpts as object | null) ?? {}).length > 0) {
    throw fieldForbidden("DriverOpts", "options of a driver lead to the host");
  }
  const made = { Name, Driver, Labels: { ...(Labels as object | null), [ownerLabel]: socket } };
  return reservations.take("volume", replacing(request, { json: () => Promise.resolve(made) }));
};

const pull: Rule = (request, { limits }) => {
  if (!limits.Pull) throw notThroughThisSocket("pull an image");
  if (request.query.get("fromSrc")) throw notThroughThisSocket("import an image");
  return request;
};

/** Nothing of what others run, and nothing of where the host keeps things. */
const info: Rule = (request, { socket, objects }) =>
  replacing(request, {
    sendJson: (status, value) => {
      const {
        ID,
        Name,
        ServerVersion,
        OSType,
        Architecture,
        NCPU,
        MemTotal,
        OperatingSystem,
        KernelVersion,
        CgroupVersion,
      } = value as Record<string, unknown>;
      const about = { ID, Name, ServerVersion, OSType, Architecture, NCPU, MemTotal, OperatingSystem, KernelVersion };
      const Containers = objects.containersWith(ownerLabel, socket);
      request.sendJson(status, { ...about, CgroupVersion, Containers, Labels: [`${ownerLabel}=${socket}`] });
    },
  });

const removeContainer: Rule = (request, filter) => {
  if (boolQuery(request.query, "link")) throw notThroughThisSocket("remove a link");
  return container(request, filter);
};

const ofContainer = [
  ...["json", "top", "logs", "changes", "export", "stats", "archive"].map((verb) => `GET /containers/{id}/${verb}`),
  ...["start", "stop", "restart", "kill", "pause", "unpause", "rename", "resize", "attach", "wait"].map(
    (verb) => `POST /containers/{id}/${verb}`,
  ),
  "HEAD /containers/{id}/archive",
  "PUT /containers/{id}/archive",
];

export const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["GET /_ping", open],
  ["HEAD /_ping", open],
  ["GET /version", open],
  ["GET /info", info],
  ["GET /events", list],
  ["GET /containers/json", list],
  ["POST /containers/create", create],
  ["POST /hbx/v1/containers/run", create],
  ["POST /containers/prune", list],
  ["DELETE /containers/{id}", removeContainer],
  ["POST /containers/{id}/update", update],
  ["POST /containers/{id}/exec", exec],
  ["POST /hbx/v1/containers/{id}/exec", exec],
  ...ofContainer.map((key): [string, Rule] => [key, container]),
  ["POST /exec/{id}/start", execution],
  ["POST /exec/{id}/resize", execution],
  ["GET /exec/{id}/json", execution],
  ["GET /images/json", open],
  ["GET /images/{name:*}/json", open],
  ["GET /images/{name:*}/history", open],
  ["POST /images/create", pull],
  ["GET /volumes", list],
  ["POST /volumes/create", createVolume],
  ["POST /volumes/prune", list],
  ["GET /volumes/{name}", volume],
  ["DELETE /volumes/{name}", volume],
]);
