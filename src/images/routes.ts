/** Endpoints of images, as Docker has them. */
import { type Method, type Route, refusedRoute } from "../api/index.ts";
import { handleBaseImage } from "./base-image/make-base-image.ts";
import { registryUnsupported } from "./errors.ts";
import type { Images } from "./images.ts";
import { handleCommit } from "./verbs/commit.ts";
import { handleCreate } from "./verbs/create.ts";
import { handleHistory } from "./verbs/history.ts";
import { handleInspect } from "./verbs/inspect.ts";
import { handleList } from "./verbs/list.ts";
import { handleLoad } from "./verbs/load.ts";
import { handlePrune } from "./verbs/prune.ts";
import { handleRemove } from "./verbs/remove.ts";
import { handleSave } from "./verbs/save.ts";
import { handleTag } from "./verbs/tag.ts";

export function imageRoutes(images: Images): Route[] {
  const refused = (method: Method, path: string, what: string) =>
    refusedRoute(method, path, registryUnsupported(what), true);
  return [
    { method: "GET", path: "/images/json", handle: (request) => handleList(images, request) },
    { method: "POST", path: "/images/load", handle: (request) => handleLoad(images, request) },
    { method: "POST", path: "/images/create", handle: (request) => handleCreate(images, request) },
    { method: "POST", path: "/images/prune", since: "1.25", handle: (request) => handlePrune(images, request) },
    { method: "GET", path: "/images/get", handle: (request) => handleSave(images, request) },
    { method: "POST", path: "/commit", handle: (request) => handleCommit(images, request) },
    refused("GET", "/images/search", "search for images"),
    { method: "GET", path: "/images/{name:*}/json", handle: (request) => handleInspect(images, request) },
    { method: "GET", path: "/images/{name:*}/history", handle: (request) => handleHistory(images, request) },
    { method: "GET", path: "/images/{name:*}/get", handle: (request) => handleSave(images, request) },
    { method: "POST", path: "/images/{name:*}/tag", handle: (request) => handleTag(images, request) },
    refused("POST", "/images/{name:*}/push", "push the image"),
    { method: "DELETE", path: "/images/{name:*}", handle: (request) => handleRemove(images, request) },
    { method: "POST", path: "/hbx/v1/images/base", handle: (request) => handleBaseImage(images, request) },
    refused("GET", "/distribution/{name:*}/json", "ask a registry about the image"),
  ];
}
