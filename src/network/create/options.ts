/** Driver options that Docker's users know. What is not honoured is refused by name. */
import { isIP } from "node:net";
import { invalidNetwork } from "../errors.ts";
import { type Driver, defaultLink, type LinkSettings } from "../model/network.ts";

const interfaceName = /^[^\s/:]{1,15}$/;
const truths: Readonly<Record<string, boolean>> = {
  "1": true,
  t: true,
  true: true,
  "0": false,
  f: false,
  false: false,
};

type Draft = { -readonly [K in keyof LinkSettings]: LinkSettings[K] };
type Apply = (draft: Draft, value: string, key: string) => void;

const flag = (set: (draft: Draft, on: boolean) => void): Apply => {
  return (draft, value, key) => {
    const on = truths[value.toLowerCase()];
    if (on === undefined) throw invalidNetwork(`option ${key} is true or false, not ${JSON.stringify(value)}`);
    set(draft, on);
  };
};

const common: Record<string, Apply> = {
  "com.docker.network.driver.mtu": (draft, value, key) => {
    const mtu = Number(value);
    if (!/^\d{1,5}$/.test(value) || mtu < 68 || mtu > 65535)
      throw invalidNetwork(`option ${key} is a number from 68 to 65535, not ${JSON.stringify(value)}`);
    draft.mtu = mtu;
  },
  "com.docker.network.container_iface_prefix": (draft, value, key) => {
    // A number follows, and the whole has 15 characters at the most.
    if (!/^[a-zA-Z][^\s/:]{0,11}$/.test(value) || value === "lo")
      throw invalidNetwork(`option ${key} begins the names of interfaces, which ${JSON.stringify(value)} cannot`);
    draft.interfacePrefix = value;
  },
};

const only =
  (allowed: string, why: string): Apply =>
  (_draft, value, key) => {
    if (value !== allowed) throw invalidNetwork(`option ${key} can only be ${allowed}: ${why}`);
  };

const bridge: Record<string, Apply> = {
  ...common,
  "com.docker.network.bridge.name": (draft, value, key) => {
    if (!interfaceName.test(value) || value === "." || value === "..")
      throw invalidNetwork(`option ${key} is a name of 1 to 15 characters, not ${JSON.stringify(value)}`);
    draft.bridge = value;
  },
  "com.docker.network.bridge.enable_icc": flag((draft, on) => {
    draft.icc = on;
  }),
  "com.docker.network.bridge.enable_ip_masquerade": flag((draft, on) => {
    draft.masquerade = on;
  }),
  "com.docker.network.bridge.host_binding_ipv4": (draft, value, key) => {
    if (isIP(value) !== 4) throw invalidNetwork(`option ${key} is an IPv4 address, not ${JSON.stringify(value)}`);
    draft.publishAddress = value;
  },
  "com.docker.network.bridge.gateway_mode_ipv4": only("nat", "containers are reached by published ports"),
  "com.docker.network.bridge.gateway_mode_ipv6": only("nat", "containers are reached by published ports"),
};

const child = (driver: "macvlan" | "ipvlan", modes: readonly string[]): Record<string, Apply> => ({
  ...common,
  parent: (draft, value) => {
    if (!interfaceName.test(value)) throw invalidNetwork(`option parent is an interface, not ${JSON.stringify(value)}`);
    draft.parent = value;
  },
  [`${driver}_mode`]: (draft, value, key) => {
    if (!modes.includes(value))
      throw invalidNetwork(`option ${key} is one of ${modes.join(", ")}, not ${JSON.stringify(value)}`);
    draft.mode = value;
  },
});

const tables: Record<Driver, Record<string, Apply>> = {
  bridge,
  macvlan: child("macvlan", ["bridge", "private", "vepa", "passthru"]),
  ipvlan: { ...child("ipvlan", ["l2", "l3", "l3s"]), ipvlan_flag: only("bridge", "others are not offered") },
  host: {},
  null: {},
};

const firstMode: Partial<Record<Driver, string>> = { macvlan: "bridge", ipvlan: "l2" };

export function parseOptions(driver: Driver, options: Readonly<Record<string, string>>): LinkSettings {
  const draft: Draft = { ...defaultLink, mode: firstMode[driver] ?? "" };
  for (const [key, value] of Object.entries(options)) {
    const apply = Object.hasOwn(tables[driver], key) ? tables[driver][key] : undefined;
    if (!apply)
      throw invalidNetwork(
        `driver ${driver} has no option ${key}`,
        `it has ${Object.keys(tables[driver]).join(", ") || "none"}`,
      );
    apply(draft, value, key);
  }
  return draft;
}
