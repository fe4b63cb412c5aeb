/** Archives as `docker save` writes them, made by hand. */
import { createHash } from "node:crypto";
import { member, tarOf } from "./tar.ts";

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Layers are plain tars, bottom first. */
export function dockerArchive(
  name: string,
  layers: readonly Uint8Array[],
  config: object = {},
  architecture = process.arch === "arm64" ? "arm64" : "amd64",
): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify({
    architecture,
    os: "linux",
    config: { Cmd: ["sh"], Env: ["PATH=/bin"], ...config },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
  });
  const paths = layers.map((_, at) => `${at}/layer.tar`);
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: paths }]);
  return tarOf([
    ...layers.map((layer, at) => member(paths[at] ?? "", layer)),
    member("config.json", text),
    member("manifest.json", manifest),
  ]);
}
