/** `HostConfig.SecurityOpt`: `key=value` or the older `key:value`. */
import type { SecuritySpec } from "../../engines/index.ts";
import { invalid } from "../errors.ts";

export type SecurityOptions = Pick<SecuritySpec, "noNewPrivileges" | "seccomp">;

export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  const out: SecurityOptions = { noNewPrivileges: false, seccomp: { kind: "default" } };
  for (const option of options) {
    const [, key = "", value = ""] = /^([a-z-]+)(?:[=:]([\s\S]*))?$/.exec(option) ?? [];
    if (key === "no-new-privileges" && /^(|true|false)$/.test(value)) out.noNewPrivileges = value !== "false";
    else if (key === "seccomp") out.seccomp = parseSeccomp(value);
    else if (!(key === "label" && value === "disable") && !(key === "apparmor" && value === "unconfined")) {
      throw invalid(
        "bad_security_option",
        `invalid --security-opt 2: ${JSON.stringify(option)}`,
        "no-new-privileges, seccomp, label=disable and apparmor=unconfined are known",
      );
    }
  }
  return out;
}

function parseSeccomp(value: string): SecuritySpec["seccomp"] {
  if (value === "unconfined") return { kind: "unconfined" };
  if (value === "builtin" || value === "") return { kind: "default" };
  try {
    JSON.parse(value);
  } catch {
    throw invalid("bad_seccomp_profile", "Decoding seccomp profile failed: it is not JSON");
  }
  return { kind: "profile", json: value };
}
