/** All networks: read from memory, kept in the database. The predefined three are always there. */
import type { Database } from "../../state/index.ts";
import { ambiguousNetwork, networkExists, networkNotFound } from "../errors.ts";
import { networkId } from "../view/ids.ts";
import { defaultLink, type Network } from "./network.ts";

export type NetworkStore = {
  all(): Network[];
  byId(id: string): Network | undefined;
  byName(name: string): Network | undefined;
  /** By id, name, or the unambiguous beginning of an id; `default` and nothing mean the default bridge. */
  find(ref: string): Network;
  add(network: Network): void;
  /** With another content, under the same id and name. */
  replace(network: Network): void;
  remove(network: Network): void;
};

export type Predefined = { bridge: Network; host: Network; none: Network };

export function createNetworkStore(db: Database, tag: string): NetworkStore {
  const byId = new Map<string, Network>();
  const byName = new Map<string, Network>();
  const put = (network: Network): void => {
    byId.set(network.id, network);
    byName.set(network.name, network);
  };
  const save = db.prepare(
    "INSERT INTO network (id, name, spec) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET spec = excluded.spec",
  );
  const erase = db.prepare("DELETE FROM network WHERE id = ?");
  for (const network of predefinedNetworks(tag)) put(network);
  for (const row of db.prepare("SELECT id, name, spec FROM network").all()) {
    const spec = JSON.parse(String(row["spec"])) as Omit<Network, "id" | "name">;
    put({ ...spec, id: String(row["id"]), name: String(row["name"]) });
  }
  const write = ({ id, name, ...spec }: Network): void => save.run(id, name, JSON.stringify(spec));

  return {
    all: () => [...byId.values()],
    byId: (id) => byId.get(id),
    byName: (name) => byName.get(name),
    find(ref) {
      const exact = byId.get(ref) ?? byName.get(ref === "default" || ref === "" ? "bridge" : ref);
      if (exact) return exact;
      const found = /^[0-9a-f]{1,64}$/.test(ref) ? [...byId.values()].filter(({ id }) => id.startsWith(ref)) : [];
      if (found.length > 1) throw ambiguousNetwork(ref);
      if (!found[0]) throw networkNotFound(ref);
      return found[0];
    },
    add(network) {
      if (byName.has(network.name)) throw networkExists(network.name);
      write(network);
      put(network);
    },
    replace(network) {
      write(network);
      put(network);
    },
    remove(network) {
      erase.run(network.id);
      byId.delete(network.id);
      byName.delete(network.name);
    },
  };
}

function predefinedNetworks(tag: string): Network[] {
  const common = {
    createdMs: 0,
    ipv4: true,
    ipv6: false,
    internal: false,
    attachable: false,
    predefined: true,
    configured: false,
    pools: [],
    options: {},
    labels: {},
    link: defaultLink,
  };
  return [
    // Its subnet is chosen when the first container needs it.
    {
      ...common,
      id: networkId(tag, "bridge"),
      name: "bridge",
      driver: "bridge",
      link: { ...defaultLink, bridge: `hbx${tag}` },
    },
    { ...common, id: networkId(tag, "host"), name: "host", driver: "host" },
    { ...common, id: networkId(tag, "none"), name: "none", driver: "null" },
  ];
}
