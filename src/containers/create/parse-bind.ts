/** `source:target[:options]` of `-v`, or `target` alone for an anonymous volume. */
import { posix } from "node:path";
import type { Propagation } from "../../engines/index.ts";
import { invalid } from "../errors.ts";
import { blank } from "./mount-points.ts";
import type { WantedMount } from "./parse-mount.ts";

const propagations = new Set(["private", "rprivate", "shared", "rshared", "slave", "rslave"]);
const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

export function parseBind(bind: string, driver: string): WantedMount {
  const parts = bind.split(":");
  const bad = (why: string) => invalid("bad_mount", `invalid volume specification: '${bind}'${why}`);
  if (parts.length > 3 || parts.some((part) => part === "")) throw bad("");
  const [first = "", second, mode = ""] = parts;
  const target = second ?? first;
  if (!target.startsWith("/"))
    throw bad(`: invalid mount config for type "volume": invalid mount path: '${target}' mount path must be absolute`);
  const destination = posix.resolve("/", target);
  if (destination === "/") throw bad(": invalid specification: destination can't be '/'");
  const options = parseOptions(mode, bad);
  if (second === undefined) return { ...blank, ...options, type: "volume", destination, driver };
  if (first.startsWith("/")) {
    return { ...blank, ...options, type: "bind", source: posix.resolve("/", first), destination, createSource: true };
  }
  if (!volumeName.test(first)) {
    throw invalid(
      "bad_mount",
      `"${first}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  return { ...blank, ...options, type: "volume", name: first, destination, driver };
}

function parseOptions(mode: string, bad: (why: string) => Error) {
  let readonly = false;
  let copyUp = true;
  let propagation: Propagation | "" = "";
  for (const option of mode === "" ? [] : mode.split(",")) {
    if (option === "ro") readonly = true;
    else if (option === "nocopy") copyUp = false;
    else if (propagations.has(option)) propagation = option as Propagation;
    // SELinux labels mean nothing on hosts without it, and Docker ignores them there.
    else if (!["rw", "z", "Z", "consistent", "cached", "delegated"].includes(option))
      throw bad(`: invalid mode: ${mode}`);
  }
  return { readonly, copyUp, propagation, mode };
}
