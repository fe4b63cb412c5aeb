/** Package databases as they lie in layers: dpkg's status (and its parts in distroless images) and apk's installed. */

export type Package = { name: string; version: string };
export type PackageFile = { path: string; content: Uint8Array };
export type Manager = "dpkg" | "apk";

/** A name that ends in a slash means the files right below it. */
export const packageFiles = [
  "var/lib/dpkg/status",
  "var/lib/dpkg/status.d/",
  "lib/apk/db/installed",
  "usr/lib/apk/db/installed",
];

/** Nobody has more; a layer that says so is lying. */
const maxPackages = 50_000;
const maxTextChars = 300;

/** What is installed, by manager. A manager without a file in the layer is absent. */
export function parsePackages(files: readonly PackageFile[]): Map<Manager, Package[]> {
  const found = new Map<Manager, Package[]>();
  for (const { path, content } of files) {
    if (path.endsWith(".md5sums")) continue;
    const text = new TextDecoder().decode(content);
    const [manager, packages] = path.includes("apk/")
      ? (["apk", parseApk(text)] as const)
      : (["dpkg", parseDpkg(text)] as const);
    const all = [...(found.get(manager) ?? []), ...packages];
    found.set(manager, all.slice(0, maxPackages));
  }
  return found;
}

/** Debian policy 5.1: paragraphs of `Field: value`, apart by empty lines. Without a status it is a distroless part. */
function parseDpkg(text: string): Package[] {
  return paragraphs(text).flatMap((paragraph) => {
    const field = (name: string) => new RegExp(`^${name}: *(.*)$`, "im").exec(paragraph)?.[1]?.trim() ?? "";
    const status = field("Status");
    if (status !== "" && !/ installed$/.test(status)) return [];
    return named(field("Package"), field("Version"));
  });
}

/** apk: one-letter fields, `P:name` and `V:version`. */
function parseApk(text: string): Package[] {
  return paragraphs(text).flatMap((paragraph) => {
    const field = (letter: string) => new RegExp(`^${letter}:(.*)$`, "m").exec(paragraph)?.[1]?.trim() ?? "";
    return named(field("P"), field("V"));
  });
}

const paragraphs = (text: string) => text.split(/\n\n+/, maxPackages);

function named(name: string, version: string): Package[] {
  if (name === "" || name.length > maxTextChars || version.length > maxTextChars) return [];
  return [{ name, version }];
}
