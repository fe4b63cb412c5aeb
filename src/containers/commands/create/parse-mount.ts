import { invalid, parsePairs, parseSize } from "../../../cli/parse-values.ts";

type Mount = Record<string, unknown> & { Type: string; Target?: string };

/** `type=bind,source=/a,target=/b,readonly` → the API's Mount. Unknown keys are refused. */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: "volume" };
  const section = (name: string) => (mount[name] ??= {}) as Record<string, unknown>;
  for (const field of text.split(",")) {
    const [key = "", ...rest] = field.split("=");
    const value = rest.join("=");
    const yes = rest.length === 0 || /^(1|true)$/.test(value);
    switch (key.toLowerCase()) {
      case "type":
        if (!["bind", "volume", "tmpfs"].includes(value))
          throw invalid("mount", text, `type "${value}" is not supported (bind, volume, tmpfs)`);
        mount.Type = value;
        break;
      case "source":
      case "src":
        mount["Source"] = value;
        break;
      case "target":
      case "dst":
      case "destination":
        mount.Target = value;
        break;
      case "readonly":
      case "ro":
        mount["ReadOnly"] = yes;
        break;
      case "consistency":
        mount["Consistency"] = value;
        break;
      case "bind-propagation":
        section("BindOptions")["Propagation"] = value;
        break;
      case "bind-nonrecursive":
        section("BindOptions")["NonRecursive"] = yes;
        break;
      case "bind-recursive":
        if (value === "disabled") section("BindOptions")["NonRecursive"] = true;
        else if (value === "writable") section("BindOptions")["ReadOnlyNonRecursive"] = true;
        else if (value === "readonly") section("BindOptions")["ReadOnlyForceRecursive"] = true;
        else if (value !== "enabled")
          throw invalid("mount", text, "bind-recursive is enabled, disabled, writable or readonly");
        break;
      case "volume-nocopy":
        section("VolumeOptions")["NoCopy"] = yes;
        break;
      case "volume-subpath":
        section("VolumeOptions")["Subpath"] = value;
        break;
      case "volume-label": {
        const options = section("VolumeOptions");
        options["Labels"] = { ...(options["Labels"] as object | undefined), ...parsePairs([value]) };
        break;
      }
      case "tmpfs-size":
        section("TmpfsOptions")["SizeBytes"] = parseSize("mount", value);
        break;
      case "tmpfs-mode":
        section("TmpfsOptions")["Mode"] = Number.parseInt(value, 8);
        break;
      default:
        throw invalid("mount", text, `unexpected key "${key}"`);
    }
  }
  if (!mount.Target) throw invalid("mount", text, "target is required");
  if (mount.Type === "bind" && !mount["Source"]) throw invalid("mount", text, "source is required for a bind mount");
  return mount;
}
