import { invalid } from "../../../cli/parse-values.ts";

export type NamedNetwork = { name: string; settings: Record<string, unknown> };

/** `--network`: a name, or Docker's long form `name=NETWORK,alias=…,ip=…`. */
export function parseNetwork(text: string): NamedNetwork {
  if (!text.includes("=")) return { name: text, settings: {} };
  const settings: Record<string, unknown> = {};
  const ipam: Record<string, unknown> = {};
  let name = "";
  const bad = (state: string) => invalid("network", text, state);
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const [key, value] = [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
    if (at < 1 || value === "") throw bad(`${JSON.stringify(part)} is not KEY=VALUE`);
    if (key === "name") name = value;
    else if (key === "alias") settings["Aliases"] = [...((settings["Aliases"] as string[] | undefined) ?? []), value];
    else if (key === "ip") ipam["IPv4Address"] = value;
    else if (key === "ip6") ipam["IPv6Address"] = value;
    else if (key === "link-local-ip")
      ipam["LinkLocalIPs"] = [...((ipam["LinkLocalIPs"] as string[] | undefined) ?? []), value];
    else if (key === "mac-address") settings["MacAddress"] = value;
    else if (key === "driver-opt") {
      const mark = value.indexOf("=");
      const [option, what] = mark < 0 ? [value, ""] : [value.slice(0, mark), value.slice(mark + 1)];
      settings["DriverOpts"] = { ...((settings["DriverOpts"] as object | undefined) ?? {}), [option]: what };
    } else if (key === "gw-priority") {
      if (!/^-?\d{1,9}$/.test(value)) throw bad("gw-priority is a number");
      settings["GwPriority"] = Number(value);
    } else throw bad(`there is no key ${JSON.stringify(key)}`);
  }
  if (name === "") throw bad("name=NETWORK is missing");
  if (Object.keys(ipam).length > 0) settings["IPAMConfig"] = ipam;
  return { name, settings };
}
