import { shortSize } from "../../cli/sizes.ts";
import { anyNumber, type Verb } from "../../cli/verb.ts";

type Damage = { what: string; id: string; reason: string; images: string[]; mended: boolean };
type Verified = {
  images: number;
  layers: number;
  blobs: number;
  objects: number;
  sizeBytes: number;
  damaged: Damage[];
};

const words: Record<string, string> = {
  missing: "it is missing",
  size: "it has another size",
  content: "it has another content",
  damaged: "it cannot be read",
};

export const imageVerify: Verb = {
  name: "image verify",
  summary: "Check images on disk against their digests",
  usage: "[OPTIONS] [IMAGE...]",
  args: { min: 0, max: anyNumber },
  flags: [
    { name: "all", short: "a", kind: "bool", summary: "The whole store" },
    {
      name: "mend",
      kind: "bool",
      summary: "Make again what can be made; take the rest away for a load or pull to bring back",
    },
  ],
  async run(session, names, flags) {
    const query = new URLSearchParams(names.map((name): [string, string] => ["name", name]));
    if (flags.bool("all")) query.set("all", "1");
    if (flags.bool("mend")) query.set("mend", "1");
    const done = await session.client.json<Verified>("POST", `/hbx/v1/images/verify?${query}`);
    for (const { what, id, reason, images, mended } of done.damaged) {
      const users = images.length > 0 ? `, needed by ${images.join(", ")}` : "";
      session.out.line(`${mended ? "mended" : "damaged"}: ${what} ${id}: ${words[reason] ?? reason}${users}`);
    }
    const seen = `${done.images} images, ${done.layers} layers, ${done.blobs} blobs, ${done.objects} objects`;
    session.out.line(`Verified ${seen}: ${shortSize(done.sizeBytes)}`);
    const left = done.damaged.filter(({ mended }) => !mended);
    if (left.length === 0) return 0;
    const again = [...new Set(left.flatMap(({ images }) => images))];
    session.err.line(
      flags.bool("mend")
        ? `hint: load or pull again: ${again.join(", ") || "nothing, no image needs it"}`
        : "hint: `hbx image verify --mend` makes again what can be made here",
    );
    return 1;
  },
};
