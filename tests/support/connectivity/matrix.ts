/**
 * What must get through in the lab, and, since nothing else may, what must not. Every source asks every destination by
 * TCP and UDP. Addresses are filled in by the lab.
 */

export const sources = [
  "host",
  "remote1",
  "remote2",
  "outside",
  /** Default bridge of the first daemon: one with published ports, one without. */
  "web",
  "plain",
  /** `front`, a dual-stack network of the user's own: one with published ports, one without. */
  "front1",
  "front2",
  /** On `front` and on `back`, which is internal. */
  "both",
  "back1",
  /** No network. */
  "none",
  /** The second daemon's default bridge. */
  "other",
  /** A dockerd's default bridge. */
  "docker",
] as const;
export type Source = (typeof sources)[number];

/** `from`: who gets through. `sees`: the address that the destination sees, where it is promised. */
export type Rule = { to: string; from: readonly Source[]; sees?: Partial<Record<Source, string>> };

const world = ["host", "remote1", "remote2", "outside"] as const;
const strangers = ["remote1", "remote2", "outside"] as const;
/** Containers with a way out. */
const leaving = ["web", "plain", "front1", "front2", "both", "other", "docker"] as const;
const seenAs = (address: string, from: readonly Source[]) => Object.fromEntries(from.map((one) => [one, address]));

export const rules: readonly Rule[] = [
  // By their own addresses: from the host, and from the same network.
  { to: "web", from: ["host", "web", "plain"] },
  { to: "plain", from: ["host", "web", "plain"] },
  { to: "front1", from: ["host", "front1", "front2", "both"] },
  { to: "front1 v6", from: ["host", "front1", "front2", "both"] },
  { to: "front2", from: ["host", "front1", "front2", "both"] },
  { to: "both on front", from: ["host", "front1", "front2", "both"] },
  { to: "both on back", from: ["host", "back1", "both"] },
  { to: "back1", from: ["host", "back1", "both"] },
  { to: "other", from: ["host", "other"] },
  { to: "docker", from: ["host", "docker"] },
  // Published on every address: from everywhere, by the host's address, with the real source from elsewhere.
  {
    to: "web published",
    from: [...world, ...leaving],
    sees: { remote1: "192.168.77.11", remote2: "192.168.77.12", outside: "203.0.113.9" },
  },
  {
    to: "front1 published",
    from: [...world, ...leaving],
    sees: { remote1: "192.168.77.11", remote2: "192.168.77.12", outside: "203.0.113.9" },
  },
  { to: "front1 published v6", from: [...world, "front1", "front2", "both"], sees: { remote1: "fd77::11" } },
  { to: "other published", from: [...world, ...leaving] },
  { to: "docker published", from: [...world, ...leaving] },
  { to: "web published, by localhost", from: ["host"] },
  { to: "front1 published, by localhost", from: ["host"] },
  { to: "web published on loopback only", from: ["host"] },
  { to: "web published on loopback only, by the host's address", from: [] },
  { to: "web not published", from: [] },
  // Out into the world: masqueraded from containers.
  {
    to: "outside",
    from: [...world, ...leaving],
    sees: { ...seenAs("192.168.77.10", ["host", ...leaving]), remote1: "192.168.77.11" },
  },
  { to: "outside v6", from: [...world, "front1", "front2", "both"] },
  { to: "remote1", from: [...world, ...leaving], sees: seenAs("192.168.77.10", leaving) },
  { to: "host", from: [...world, ...leaving] },
];

/** Addresses are given to strangers too: they have a route to every container through the host. */
export const routed: readonly Source[] = strangers;
