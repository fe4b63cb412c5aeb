/**
 * Every feature, in the order in which imports may point: a feature may import those above it that it `knows`. The layer
 * check and the tests of this list (`features.test.ts`) read it; start reading the project here.
 */
export type Feature = {
  name: string;
  folder: `src/${string}`;
  /** What it is for, in a line. */
  summary: string;
  status: "complete" | "partial";
  /** What of it others may import: its `index.ts`, every file (small tools), or nothing but schema files (a program). */
  door: "index" | "files" | "none";
  /** Features above it that it may import. */
  knows: readonly string[];
  /** Features of which it may import types only, wherever they stand. */
  speaks?: readonly string[];
  /** Module with its endpoints, and folder with its verbs. */
  routes?: string;
  commands?: string;
};

/** What every feature that serves requests stands on. */
const foundation = ["base", "state", "api"] as const;

export const features: readonly Feature[] = [
  {
    name: "base",
    folder: "src/base",
    summary: "errors, ids, digests, times, the logger: words without product meaning",
    status: "complete",
    door: "files",
    knows: [],
  },
  {
    name: "config",
    folder: "src/config",
    summary: "reads the environment and config.json once, into frozen values",
    status: "complete",
    door: "index",
    knows: ["base"],
  },
  {
    name: "state",
    folder: "src/state",
    summary: "the database and the event stream",
    status: "complete",
    door: "index",
    knows: ["base"],
  },
  {
    name: "api",
    folder: "src/api",
    summary: "HTTP: versions, routes, streams, hijacked connections, errors to statuses",
    status: "complete",
    door: "index",
    knows: ["base"],
  },
  {
    name: "security",
    folder: "src/security",
    summary: "capabilities, seccomp, devices, masked paths, ulimits, sysctls as pure functions",
    status: "complete",
    door: "index",
    knows: ["base"],
    speaks: ["engines"],
  },
  {
    name: "engines",
    folder: "src/engines",
    summary: "the contract of an isolation engine and its conformance suite",
    status: "partial",
    door: "index",
    knows: ["base"],
    speaks: ["engines/native"],
  },
  {
    name: "engines/native",
    folder: "src/engines/native",
    summary: "plans containers for the native core and speaks its protocol",
    status: "complete",
    door: "index",
    knows: ["base", "security", "engines"],
  },
  {
    name: "network",
    folder: "src/network",
    summary: "bridges with published ports, macvlan, ipvlan, none and host; names, addresses, the network doctor",
    status: "complete",
    door: "index",
    knows: foundation,
    speaks: ["engines"],
    routes: "src/network/routes.ts",
    commands: "src/network/commands",
  },
  {
    name: "volumes",
    folder: "src/volumes",
    summary: "local volumes and the copy-up of image content",
    status: "complete",
    door: "index",
    knows: foundation,
    speaks: ["engines"],
    routes: "src/volumes/routes.ts",
    commands: "src/volumes/commands",
  },
  {
    name: "images",
    folder: "src/images",
    summary: "references, archives, the content-addressed store, unpacked layers",
    status: "partial",
    door: "index",
    knows: foundation,
    speaks: ["engines"],
    routes: "src/images/routes.ts",
    commands: "src/images/commands",
  },
  {
    name: "registry",
    folder: "src/registry",
    summary: "the store as an OCI registry: pull, push, delete, referrers, search",
    status: "complete",
    door: "index",
    knows: [...foundation, "images"],
    routes: "src/registry/routes.ts",
    commands: "src/registry/commands",
  },
  {
    name: "containers",
    folder: "src/containers",
    summary: "create, start, attach, exec, logs, wait, stop, remove and what else is below /containers and /exec",
    status: "complete",
    door: "index",
    knows: [...foundation, "security"],
    speaks: ["engines"],
    routes: "src/containers/routes.ts",
    commands: "src/containers/commands",
  },
  {
    name: "sockets",
    folder: "src/sockets",
    summary: "the API for a program that is not trusted: a socket that gives only containers of its own",
    status: "complete",
    door: "index",
    knows: [...foundation, "containers"],
    routes: "src/sockets/routes.ts",
    commands: "src/sockets/commands",
  },
  {
    name: "system",
    folder: "src/system",
    summary: "version, info, events, disk usage, doctor; known endpoints that are refused",
    status: "complete",
    door: "index",
    knows: foundation,
    speaks: ["engines"],
    routes: "src/system/routes.ts",
    commands: "src/system/commands",
  },
  {
    name: "sdk",
    folder: "src/sdk",
    summary: "the typed client of the socket; starts the daemon when nobody answers",
    status: "complete",
    door: "files",
    knows: [],
  },
  {
    name: "cli",
    folder: "src/cli",
    summary: "flags, help, formats, tables, progress; runs the verbs of the features",
    status: "partial",
    door: "files",
    knows: ["sdk"],
  },
  {
    name: "daemon",
    folder: "src/daemon",
    summary: "the composition root, rootless start, the daemon's own endpoints",
    status: "complete",
    door: "none",
    knows: [
      "base",
      "config",
      "state",
      "api",
      "security",
      "engines",
      "engines/native",
      "network",
      "volumes",
      "images",
      "registry",
      "containers",
      "sockets",
      "system",
    ],
    routes: "src/daemon/routes.ts",
    commands: "src/daemon/commands",
  },
];
