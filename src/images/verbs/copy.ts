/**
 * POST /hbx/v1/images/copy: an image from one place to another without unpacking. The body is the archive that it comes from;
 * the answer is the archive that it becomes, or progress where it goes to a registry.
 */
import { createReadStream, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import { parseDigest } from "../../base/digest.ts";
import { invalidArgument } from "../../base/errors.ts";
import { type TarEntry, writeTar } from "../archive/tar-writer.ts";
import { parsePlatform } from "../config/platform.ts";
import { translateStorageError } from "../errors.ts";
import type { Images } from "../images.ts";
import { streamProgress } from "../progress.ts";
import { parseReference, type Reference, withDefaultTag } from "../reference/reference.ts";
import type { CopyOptions, CopySource } from "../registry/copy/index.ts";

export async function handleCopy(images: Images, request: ApiRequest): Promise<void> {
  const { query, signal } = request;
  const to = oneOf(query, "to", ["registry", "oci-archive", "docker-archive"]);
  const options = {
    name: query.get("source") ?? "",
    all: boolQuery(query, "all"),
    platform: parsePlatform(query.get("platform")),
    referrers: boolQuery(query, "referrers"),
    signal,
  };
  if (options.all && options.platform !== null)
    throw invalidArgument("image.copy_platforms", "Cannot copy: all platforms and one of them are asked for at once");
  using draft = images.store.blobs.createDraft();
  try {
    const source = await openSource(images, request, join(draft.path, "from"));
    if (to === "registry") await copyToRegistry(images, request, source, options);
    else
      await copyToArchive(request, source, options, {
        directory: join(draft.path, "to"),
        docker: to === "docker-archive",
      });
  } catch (error) {
    throw translateStorageError(error, "copy the image");
  }
}

async function openSource(images: Images, request: ApiRequest, directory: string): Promise<CopySource> {
  const { query, headers, signal } = request;
  const from = oneOf(query, "from", ["registry", "local", "archive"]);
  const name = query.get("source") ?? "";
  const { openLayoutSource, openLocalSource, openRegistrySource, parseRegistryAuth } = await import(
    "../registry/copy/index.ts"
  );
  const registries = await images.registries();
  if (from === "local") return openLocalSource(images, registries, name);
  if (from === "registry") {
    return await openRegistrySource(registries, named(name), parseRegistryAuth(headers["x-registry-auth"]), signal);
  }
  const { jobs, limits } = images;
  mkdirSync(directory);
  await jobs.run(
    { t: "unpack", source: { stream: true }, dest: directory, whiteouts: "none", limits, flat: true },
    { signal, input: request.body() },
  );
  const digestFile = async (path: string) =>
    parseDigest((await jobs.run({ t: "digestFile", path }, { signal })).digest, "the native core's answer");
  return await openLayoutSource(directory, name, digestFile);
}

type Options = Omit<CopyOptions, "progress">;

async function copyToRegistry(
  images: Images,
  request: ApiRequest,
  source: CopySource,
  options: Options,
): Promise<void> {
  const { query, headers, signal } = request;
  const { copyImage, createRegistryTarget, openClient, parseRegistryAuth } = await import("../registry/copy/index.ts");
  const { settings } = await images.registries();
  const reference = named(query.get("target") ?? "");
  const credentials = parseRegistryAuth(headers["x-registry-auth-target"]);
  const client = openClient(reference, { credentials, settings, push: true });
  const { origin } = source;
  const neighbours = origin?.domain === reference.domain && origin.path !== reference.path ? [origin.path] : [];
  const target = createRegistryTarget(client, reference, settings, neighbours, signal);
  await streamProgress(request, async (progress) => {
    await copyImage(source, target, { ...options, progress });
  });
}

/** Complete before the first byte is sent: what fails has its status. */
async function copyToArchive(
  request: ApiRequest,
  source: CopySource,
  options: Options,
  { directory, docker }: { directory: string; docker: boolean },
): Promise<void> {
  const { copyImage, createLayoutTarget } = await import("../registry/copy/index.ts");
  const target = createLayoutTarget(directory, request.query.get("target") ?? "", docker);
  await copyImage(source, target, { ...options, progress: { send: () => Promise.resolve() } });
  const sink = request.stream(200, "application/x-tar");
  for await (const bytes of writeTar(entriesOf(directory))) {
    options.signal.throwIfAborted();
    await sink.write(bytes);
  }
  await sink.end();
}

function entriesOf(directory: string): TarEntry[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name): TarEntry => {
      const path = join(directory, name);
      const stat = statSync(path);
      return stat.isDirectory()
        ? { name: `${name}/`, directory: true }
        : { name, open: () => createReadStream(path, { highWaterMark: 1 << 20 }), sizeBytes: stat.size };
    });
}

function named(text: string): Reference {
  return withDefaultTag(parseReference(text));
}

function oneOf<T extends string>(query: URLSearchParams, name: string, allowed: readonly T[]): T {
  const value = query.get(name);
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw invalidArgument(
    "image.bad_copy",
    `Cannot copy: ${name} must be ${allowed.join(", ")}, not ${JSON.stringify(value)}`,
  );
}
