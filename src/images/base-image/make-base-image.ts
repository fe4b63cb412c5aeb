/** POST /hbx/v1/images/base: an image without a registry, from a static busybox of the host. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { ApiRequest } from "../../api/index.ts";
import type { Digest } from "../../base/digest.ts";
import { writeTar } from "../archive/tar-writer.ts";
import { translateStorageError } from "../errors.ts";
import type { Images } from "../images.ts";
import { familiarName, parseReference } from "../reference/reference.ts";
import { addLayer } from "../store/add-layer.ts";
import { collectLayers } from "../store/collect.ts";
import { recordImage } from "../store/record-image.ts";
import { tagImage } from "../verbs/tag.ts";
import { staticArchitecture } from "./elf.ts";
import { badBusybox } from "./errors.ts";
import { baseTree } from "./tree.ts";

const run = promisify(execFile);
const usualPaths = ["/bin/busybox", "/usr/bin/busybox", "/usr/lib/busybox/busybox", "/usr/local/bin/busybox"];
const maxProgramBytes = 64 * 1024 * 1024;
/** Fixed, so that the same busybox always gives the same image. */
const created = "2026-01-01T00:00:00Z";

export const baseImageName = "hyperbox/base:latest";

export async function handleBaseImage(images: Images, request: ApiRequest): Promise<void> {
  const path = request.query.get("busybox") || usualPaths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw badBusybox("the host's busybox", `there is none at ${usualPaths.join(", ")}`);
  const id = await makeBaseImage(images, path, request.signal);
  request.sendJson(201, { Id: id, RepoTags: [baseImageName] });
}

export async function makeBaseImage(images: Images, path: string, signal: AbortSignal): Promise<Digest> {
  if (!path.startsWith("/")) throw badBusybox(path, "the path is not absolute");
  const program = readProgram(path);
  const architecture = staticArchitecture(program, path);
  const tree = baseTree(program, await listApplets(path, signal));
  try {
    const { diffId, lease } = await addLayer(images, [], { chunks: writeTar(tree) }, signal);
    using _lease = lease;
    const config = JSON.stringify({
      architecture,
      os: "linux",
      created,
      config: {
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        Cmd: ["sh"],
      },
      rootfs: { type: "layers", diff_ids: [diffId] },
      history: [{ created, created_by: "hyperbox base image" }],
    });
    const id = recordImage(images, { config: Buffer.from(config), parent: null });
    const reference = parseReference(baseImageName);
    const named = images.store.byId(id)?.references.some((item) => familiarName(item) === baseImageName);
    if (!named) tagImage(images, id, reference);
    return id;
  } catch (error) {
    collectLayers(images.store, images.leases);
    throw translateStorageError(error, "make the base image");
  }
}

function readProgram(path: string): Uint8Array {
  try {
    if (Bun.file(path).size > maxProgramBytes) throw badBusybox(path, `it is larger than ${maxProgramBytes} bytes`);
    return readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined || code.startsWith("image.")) throw cause;
    throw badBusybox(path, code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`, cause);
  }
}

/** The names that busybox answers to, sorted. */
async function listApplets(path: string, signal: AbortSignal): Promise<string[]> {
  let listed: string;
  try {
    listed = (await run(path, ["--list"], { signal, timeout: 10_000, env: {}, maxBuffer: 1 << 20 })).stdout;
  } catch (cause) {
    signal.throwIfAborted();
    throw badBusybox(path, "it does not list its applets", cause);
  }
  const applets = listed.split("\n").filter((name) => /^[A-Za-z0-9_[.-]{1,60}$/.test(name) && !/^\.+$/.test(name));
  if (!applets.includes("sh")) throw badBusybox(path, "it has no shell");
  return [...new Set(applets)].sort();
}
