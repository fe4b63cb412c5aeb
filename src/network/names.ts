/** Names of host objects. All derive from the home's tag, so two daemons never touch each other's. */

export type NetworkNames = {
  /** 11 characters. */
  bridge: string;
  table: string;
  /** What the host's end of every veth pair begins with. */
  vethPrefix: string;
};

/** `tag` is 8 hex digits of the home's digest. */
export function networkNames(tag: string): NetworkNames {
  return { bridge: `hbx${tag}`, table: `hbx_${tag}`, vethPrefix: `hv${tag}` };
}

/** The host's end for an address: 14 characters, unique within a /16. */
export function vethName(names: NetworkNames, address: number): string {
  return names.vethPrefix + (address & 0xffff).toString(16).padStart(4, "0");
}
