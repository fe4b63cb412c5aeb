import { authHeader } from "../../cli/registry/credentials.ts";
import type { Verb } from "../../cli/verb.ts";

type Answer = {
  Ref: string;
  Descriptor: Record<string, unknown>;
  Text: string;
  Manifests?: Answer[];
  Referrers?: unknown[];
};

export const manifestInspect: Verb = {
  name: "manifest inspect",
  summary: "Show the manifest or index that a registry has under a name",
  usage: "[OPTIONS] IMAGE",
  args: { min: 1, max: 1 },
  flags: [
    { name: "verbose", short: "v", kind: "bool", summary: "With descriptors, and every manifest of an index" },
    { name: "raw", kind: "bool", summary: "Its bytes and nothing else: they hash to the digest" },
    { name: "referrers", kind: "bool", summary: "List what refers to it (signatures, inventories) instead" },
    {
      name: "insecure",
      kind: "bool",
      summary: "",
      refused: "whether a registry may be insecure is a setting of the daemon (insecureRegistries)",
    },
  ],
  async run(session, [name = ""], flags) {
    const verbose = flags.bool("verbose");
    const referrers = flags.bool("referrers");
    const answer = await session.client.json<Answer>("GET", `/hbx/v1/manifests/${name}`, {
      query: { children: verbose, referrers },
      headers: await authHeader(session.env, name),
    });
    const print = (value: unknown) => session.out.line(JSON.stringify(value, null, 2));
    if (flags.bool("raw")) await session.out.write(answer.Text);
    else if (referrers) print(answer.Referrers ?? []);
    else if (verbose) print(answer.Manifests ? answer.Manifests.map(detailed) : detailed(answer));
    else print(JSON.parse(answer.Text));
    return 0;
  },
};

/** Docker's form of `--verbose`. */
function detailed({ Ref, Descriptor, Text }: Answer): Record<string, unknown> {
  const content: unknown = JSON.parse(Text);
  const isManifest = typeof content === "object" && content !== null && "config" in content;
  const oci = String(Descriptor["mediaType"]).includes(".oci.");
  return { Ref, Descriptor, [isManifest ? (oci ? "OCIManifest" : "SchemaV2Manifest") : "Index"]: content };
}
