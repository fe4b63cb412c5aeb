/** Endpoints of images, as Docker has them. */
import type { Route } from "../api/index.ts";
import { handleBaseImage } from "./base-image/make-base-image.ts";
import type { Images } from "./images.ts";
import { handleCommit } from "./verbs/commit.ts";
import { handleCopy } from "./verbs/copy.ts";
import { handleCreate } from "./verbs/create.ts";
import { handleDiff } from "./verbs/diff.ts";
import { handleDistribution } from "./verbs/distribution.ts";
import { handleHistory } from "./verbs/history.ts";
import { handleInspect } from "./verbs/inspect.ts";
import { handleList } from "./verbs/list.ts";
import { handleLoad } from "./verbs/load.ts";
import { handleLogin } from "./verbs/login.ts";
import { handleManifest } from "./verbs/manifest.ts";
import { handlePrune } from "./verbs/prune.ts";
import { handlePush } from "./verbs/push.ts";
import { handleRemove } from "./verbs/remove.ts";
import { handleSave } from "./verbs/save.ts";
import { handleSearch } from "./verbs/search.ts";
import { handleTag } from "./verbs/tag.ts";
import { handleVerify } from "./verbs/verify.ts";

export function imageRoutes(images: Images): Route[] {
  return [
    { method: "GET", path: "/images/json", handle: (request) => handleList(images, request) },
    { method: "POST", path: "/images/load", handle: (request) => handleLoad(images, request) },
    { method: "POST", path: "/images/create", handle: (request) => handleCreate(images, request) },
    { method: "POST", path: "/images/prune", since: "1.25", handle: (request) => handlePrune(images, request) },
    { method: "GET", path: "/images/get", handle: (request) => handleSave(images, request) },
    { method: "POST", path: "/commit", handle: (request) => handleCommit(images, request) },
    { method: "GET", path: "/images/search", handle: (request) => handleSearch(images, request) },
    { method: "GET", path: "/images/{name:*}/json", handle: (request) => handleInspect(images, request) },
    { method: "GET", path: "/images/{name:*}/history", handle: (request) => handleHistory(images, request) },
    { method: "GET", path: "/images/{name:*}/get", handle: (request) => handleSave(images, request) },
    { method: "POST", path: "/images/{name:*}/tag", handle: (request) => handleTag(images, request) },
    { method: "POST", path: "/images/{name:*}/push", handle: (request) => handlePush(images, request) },
    { method: "DELETE", path: "/images/{name:*}", handle: (request) => handleRemove(images, request) },
    { method: "POST", path: "/hbx/v1/images/verify", handle: (request) => handleVerify(images, request) },
    { method: "GET", path: "/hbx/v1/images/diff", handle: (request) => handleDiff(images, request) },
    { method: "POST", path: "/hbx/v1/images/base", handle: (request) => handleBaseImage(images, request) },
    {
      method: "GET",
      path: "/distribution/{name:*}/json",
      since: "1.30",
      handle: (request) => handleDistribution(images, request),
    },
    { method: "POST", path: "/auth", handle: (request) => handleLogin(images, request) },
    { method: "POST", path: "/hbx/v1/images/copy", handle: (request) => handleCopy(images, request) },
    { method: "GET", path: "/hbx/v1/manifests/{name:*}", handle: (request) => handleManifest(images, request) },
  ];
}
