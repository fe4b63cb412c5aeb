import { invalid, parsePairs } from "../../../cli/parse-values.ts";
import type { FlagGroup } from "./body.ts";
import { parseMount } from "./parse-mount.ts";

export const mounts: FlagGroup = {
  flags: [
    { name: "volume", short: "v", kind: "list", summary: "Mount a host path or volume (SOURCE:TARGET[:ro])" },
    { name: "mount", kind: "list", summary: "Mount (type=bind,source=…,target=…,readonly)" },
    { name: "tmpfs", kind: "list", summary: "Mount a tmpfs (/run:size=64m)" },
    { name: "volumes-from", kind: "list", summary: "Mount the volumes of a container" },
    { name: "storage-opt", kind: "list", summary: "Storage option" },
    {
      name: "volume-driver",
      kind: "string",
      summary: "",
      refused: "volume plugins are not supported; the driver is always local",
    },
    {
      name: "use-api-socket",
      kind: "bool",
      summary: "",
      refused: "mount the socket with -v, and know that it gives control of the engine",
    },
  ],
  apply(body, flags) {
    const host = body.HostConfig;
    const binds: string[] = [];
    const anonymous: Record<string, object> = {};
    for (const text of flags.list("volume")) {
      const parts = text.split(":");
      if (parts.length > 3 || parts.some((part) => part === ""))
        throw invalid("volume", text, "must be [SOURCE:]TARGET[:OPTIONS]");
      if (parts.length === 1) anonymous[text] = {};
      else binds.push(absoluteSource(text));
    }
    if (binds.length > 0) host["Binds"] = binds;
    if (Object.keys(anonymous).length > 0) body["Volumes"] = anonymous;
    if (flags.has("mount")) host["Mounts"] = flags.list("mount").map(parseMount);
    if (flags.has("tmpfs")) host["Tmpfs"] = Object.fromEntries(flags.list("tmpfs").map(tmpfs));
    if (flags.has("volumes-from")) host["VolumesFrom"] = flags.list("volumes-from");
    if (flags.has("storage-opt")) host["StorageOpt"] = parsePairs(flags.list("storage-opt"));
  },
};

/** `./data:/x` means our working directory; the daemon has another. */
function absoluteSource(text: string): string {
  if (!/^\.{1,2}(?:\/|:)/.test(text)) return text;
  const colon = text.indexOf(":");
  return (
    Bun.fileURLToPath(new URL(encodeURI(text.slice(0, colon)), Bun.pathToFileURL(`${process.cwd()}/`))) +
    text.slice(colon)
  );
}

function tmpfs(text: string): [string, string] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
}
