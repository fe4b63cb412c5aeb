/** `docker cp`: stat, copy out and copy in, each a job in the container's own view of its files. */
import { constants } from "node:os";
import { type ApiRequest, boolQuery } from "../../api/index.ts";
import { EngineError } from "../../base/errors.ts";
import { invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { ownerOf } from "./owner.ts";
import { rootOf } from "./root-of.ts";

const { ENOENT, ENOTDIR, EROFS } = constants.errno;
const tarType = "application/x-tar";

function requirePath(query: URLSearchParams): string {
  const path = query.get("path") ?? "";
  if (path === "") throw invalid("no_path", "bad parameter: path cannot be empty");
  return path;
}

/** Kernel errors as Docker says them. */
function translate(container: Container, path: string, error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  const errno = error.details["errno"];
  const made = (kind: EngineError["kind"], code: string, message: string) =>
    new EngineError({ kind, code: `container.${code}`, message, cause: error });
  if (errno === ENOENT)
    return made("not_found", "no_such_path", `Could not find the file ${path} in container ${container.name}`);
  if (errno === ENOTDIR)
    return made(
      "invalid_argument",
      "not_a_directory",
      `Cannot use ${path} in container ${container.name}: not a directory`,
    );
  if (errno === EROFS) return made("forbidden", "read_only", "container rootfs is marked read-only");
  return error;
}

async function statHeader(
  context: Context,
  container: Container,
  path: string,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  try {
    const done = await context.jobs.run({ t: "statPath", root: await rootOf(context, container), path }, { signal });
    const mtimeMs = Number(done["mtimeNs"] ?? 0) / 1e6;
    const stat = {
      name: done["name"],
      size: Number(done["sizeBytes"] ?? 0),
      mode: Number(done["mode"] ?? 0),
      mtime: new Date(mtimeMs).toISOString(),
      linkTarget: done["linkTarget"] ?? "",
    };
    return { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") };
  } catch (error) {
    throw translate(container, path, error);
  }
}

export async function statPath(context: Context, container: Container, request: ApiRequest): Promise<void> {
  request.sendEmpty(200, await statHeader(context, container, requirePath(request.query), request.signal));
}

export async function copyOut(context: Context, container: Container, request: ApiRequest): Promise<void> {
  const path = requirePath(request.query);
  const { signal } = request;
  const header = await statHeader(context, container, path, signal);
  // `dir/.` means the content of the directory, and so names the entries `.`.
  const job = { t: "treeTar", root: await rootOf(context, container), path } as const;
  const sink = request.stream(200, tarType, header);
  for await (const chunk of context.jobs.stream(job, { signal })) await sink.write(chunk);
  await sink.end();
  publish(context, container, "archive-path", { path });
}

export async function copyIn(context: Context, container: Container, request: ApiRequest): Promise<void> {
  const path = requirePath(request.query);
  const { hostConfig, mounts } = container;
  const readonlyPaths = mounts.filter((point) => point.readonly).map((point) => point.destination);
  if (hostConfig.ReadonlyRootfs && !mounts.some((point) => !point.readonly && isInside(path, point.destination))) {
    throw new EngineError({
      kind: "forbidden",
      code: "container.read_only",
      message: "container rootfs is marked read-only",
    });
  }
  try {
    const root = await rootOf(context, container);
    const asked = boolQuery(request.query, "copyUIDGID") ? await ownerOf(context, root, container.config.User) : null;
    const owner = context.soleOwner ?? asked;
    await context.jobs.run(
      {
        ...{ t: "putTar", root, path, readonlyPaths },
        noOverwriteDirNonDir: boolQuery(request.query, "noOverwriteDirNonDir"),
        ...(owner ? { copyUidGid: true, owner } : {}),
      },
      { input: request.body(), signal: request.signal },
    );
  } catch (error) {
    throw translate(container, path, error);
  }
  publish(context, container, "extract-to-dir", { path });
  request.sendEmpty(200);
}

const isInside = (path: string, dir: string): boolean => path === dir || path.startsWith(`${dir}/`);
