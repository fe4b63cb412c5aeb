/** From what a container asks of the network to what the engine is asked for. */
import type { NetworkRequest } from "../engines/index.ts";
import { networkNotFound, noBridge, severalNetworks, unsupportedSetting } from "./errors.ts";
import { networkId } from "./view/ids.ts";
import { type PredefinedName, predefined } from "./view/network-json.ts";

/** What a client may say of an endpoint; anything that is set but cannot be honoured is refused. */
export type EndpointWishes = {
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: readonly string[] } | null;
  Links?: readonly string[];
  Aliases?: readonly string[];
  DriverOpts?: Record<string, string>;
  MacAddress?: string;
};

export type NetworkUse = { mode: string; endpoints: Readonly<Record<string, EndpointWishes>> };

/** By name, `default`, id or the beginning of an id. */
export function findNetwork(tag: string, ref: string): PredefinedName {
  if (ref === "default" || ref === "") return "bridge";
  const byName = predefined.find((name) => name === ref);
  const byId = /^[0-9a-f]{3,64}$/.test(ref) ? predefined.filter((name) => networkId(tag, name).startsWith(ref)) : [];
  const found = byName ?? (byId.length === 1 ? byId[0] : undefined);
  if (found === undefined) throw networkNotFound(ref);
  return found;
}

/** `withoutBridge` says why this daemon can have no bridge, where it can't. */
export function planRequest(
  tag: string,
  { mode, endpoints }: NetworkUse,
  withoutBridge: string | null,
): NetworkRequest {
  const name = findNetwork(tag, mode);
  for (const [key, wishes] of Object.entries(endpoints)) {
    if (findNetwork(tag, key) !== name) throw severalNetworks(key);
    refuse(name, wishes);
  }
  if (name !== "bridge") return { kind: name };
  if (withoutBridge !== null) throw noBridge(withoutBridge);
  return { kind: "bridge", network: name };
}

function refuse(network: string, { IPAMConfig, Links, Aliases, DriverOpts, MacAddress }: EndpointWishes): void {
  const set = (list: readonly string[] | undefined) => (list?.length ?? 0) > 0;
  if (IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address || set(IPAMConfig?.LinkLocalIPs)) {
    throw unsupportedSetting("an address of its own", network);
  }
  if (MacAddress) throw unsupportedSetting("a MAC address of its own", network);
  if (set(Aliases)) throw unsupportedSetting("an alias", network);
  if (set(Links)) throw unsupportedSetting("a link", network);
  if (Object.keys(DriverOpts ?? {}).length > 0) throw unsupportedSetting("driver options", network);
}
