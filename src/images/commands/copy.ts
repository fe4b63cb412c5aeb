import { renameSync, rmSync } from "node:fs";
import { Failure } from "../../cli/failure.ts";
import { printProgress } from "../../cli/progress.ts";
import { authHeader } from "../../cli/registry/credentials.ts";
import type { Session } from "../../cli/session.ts";
import type { Verb } from "../../cli/verb.ts";

export const imageCopy: Verb = {
  name: "image copy",
  summary: "Copy an image between registries, archives and this host, without unpacking",
  usage: "[OPTIONS] SOURCE DESTINATION",
  args: { min: 2, max: 2 },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "Every platform of the image" },
    { name: "platform", kind: "string", summary: "One platform (os/arch[/variant]; default: this host's)" },
    { name: "referrers", kind: "bool", summary: "With what refers to it (signatures, inventories)" },
    { name: "quiet", short: "q", kind: "bool", summary: "Print no progress" },
  ],
  examples: [
    "hbx image copy --all alpine:3.20 registry.example.com/alpine:3.20",
    "hbx image copy debian:12 oci-archive:debian.tar",
    "hbx image copy local:mine:1 docker-archive:mine.tar:mine:1",
    "hbx image copy oci:layout:latest localhost:5000/mine",
  ],
  async run(session, [from = "", to = ""], flags) {
    const [source, target] = [parsePlace(from), parsePlace(to)];
    if (target.kind === "local") {
      throw new Failure(`Cannot copy to ${to}: images come to this host unpacked`, {
        hint: source.kind === "registry" ? `hbx pull ${source.name}` : "hbx load -i ARCHIVE",
      });
    }
    const { body } = await session.client.stream("POST", "/hbx/v1/images/copy", {
      query: {
        from: source.kind === "registry" || source.kind === "local" ? source.kind : "archive",
        source: source.name,
        to: target.kind === "oci" ? "oci-archive" : target.kind,
        target: target.name,
        all: flags.bool("all"),
        platform: flags.string("platform"),
        referrers: flags.bool("referrers"),
      },
      headers: {
        ...(source.kind === "registry" ? await authHeader(session.env, source.name) : {}),
        ...(target.kind === "registry" ? await targetHeader(session, target.name) : {}),
      },
      ...(source.path === "" ? {} : { body: await openArchive(source) }),
    });
    if (target.kind === "registry") return await printProgress(session, body, { quiet: flags.bool("quiet") });
    if (target.kind === "oci") await (await import("./write-layout.ts")).writeLayout(body, target.path);
    else await writeArchive(body, target.path);
    return 0;
  },
};

type Kind = "registry" | "local" | "oci" | "oci-archive" | "docker-archive";
type Place = { kind: Kind; name: string; path: string };

/** `docker://NAME` or `NAME`, `local:NAME`, `oci:DIR[:NAME]`, `oci-archive:FILE[:NAME]`, `docker-archive:FILE[:NAME]`. */
export function parsePlace(text: string): Place {
  const [, transport, rest = ""] = /^(oci|oci-archive|docker-archive):(.+)$/.exec(text) ?? [];
  if (transport !== undefined) {
    const colon = rest.indexOf(":");
    const path = colon < 0 ? rest : rest.slice(0, colon);
    return { kind: transport as Kind, path, name: colon < 0 ? "" : rest.slice(colon + 1) };
  }
  if (text.startsWith("local:")) return { kind: "local", name: text.slice("local:".length), path: "" };
  return { kind: "registry", name: text.replace(/^docker:\/\//, ""), path: "" };
}

async function targetHeader(session: Session, name: string): Promise<Record<string, string>> {
  const { "X-Registry-Auth": value } = await authHeader(session.env, name);
  return value === undefined ? {} : { "X-Registry-Auth-Target": value };
}

async function openArchive({ kind, path }: Place): Promise<AsyncIterable<Uint8Array>> {
  if (kind === "oci") return await (await import("./layout-archive.ts")).layoutArchive(path);
  const file = Bun.file(path);
  if (!(await file.exists())) throw new Failure(`open ${path}: no such file or directory`);
  return file.stream();
}

/** Under its name when it is whole. */
async function writeArchive(body: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    const writer = Bun.file(draft).writer();
    for await (const piece of body) {
      writer.write(piece);
      await writer.flush();
    }
    await writer.end();
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}
