/** Names of host objects. All derive from the home's tag, so two daemons never touch each other's. */

export type NetworkNames = {
  /** Of the default bridge; the others' begin so. 11 characters. */
  bridge: string;
  table: string;
  /** What the host's end of every veth pair begins with. */
  vethPrefix: string;
};

/** `tag` is 8 hex digits of the home's digest. */
export function networkNames(tag: string): NetworkNames {
  return { bridge: `hbx${tag}`, table: `hbx_${tag}`, vethPrefix: `hv${tag}` };
}

const suffixes = 36 ** 4;

/** Names of 4 more characters in turn, that `isTaken` knows nothing of. Begins anywhere, so that a crash is not met again. */
export function createNaming(prefix: string, isTaken: (name: string) => boolean, first = Math.random()): () => string {
  let next = Math.floor(first * suffixes);
  return () => {
    for (let attempt = 0; attempt < suffixes; attempt++) {
      next = (next + 1) % suffixes;
      const name = prefix + next.toString(36).padStart(4, "0");
      if (!isTaken(name)) return name;
    }
    throw new Error(`every name that begins with ${prefix} is taken`);
  };
}
