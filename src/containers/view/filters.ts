/** Filters of the list: a predicate made once, then asked of each container. */
import type { Filters } from "../../api/index.ts";
import { EngineError } from "../../base/errors.ts";
import { invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { networkNames } from "../run/network-mode.ts";
import { spreadPort } from "../schema/config.ts";

export const listFilters = [
  "id",
  "name",
  "label",
  "status",
  "ancestor",
  "before",
  "since",
  "exited",
  "health",
  "volume",
  "network",
  "publish",
  "expose",
  "is-task",
] as const;

type Test = (container: Container) => boolean;

const statuses = new Set(["created", "running", "paused", "restarting", "removing", "exited", "dead"]);
const healths = new Set(["starting", "healthy", "unhealthy", "none"]);

/** Values of one name are alternatives, but all labels must match; different names must all match. */
export async function createFilter(context: Context, filters: Filters): Promise<Test> {
  const tests: Test[] = [];
  for (const [name, values] of filters) {
    if (values.length > 0) tests.push(await createTest(context, name, values));
  }
  return (container) => tests.every((test) => test(container));
}

async function createTest(context: Context, name: string, values: readonly string[]): Promise<Test> {
  switch (name) {
    case "id":
      return ({ id }) => values.some((value) => id.startsWith(value));
    case "name":
      return nameTest(values);
    case "label":
      return ({ config }) => values.every((value) => matchesLabel(config.Labels, value));
    case "status":
      requireKnown(name, values, statuses);
      return ({ state }) => values.includes(state.status);
    case "health":
      requireKnown(name, values, healths);
      return ({ state }) => values.includes(state.health?.status ?? "none");
    case "exited":
      return exitedTest(values);
    case "before":
    case "since":
      return ageTest(context, name, values);
    case "ancestor":
      return ancestorTest(context, values);
    case "volume":
      return ({ mounts }) =>
        values.some((value) => mounts.some((point) => [point.name, point.source, point.destination].includes(value)));
    case "network":
      return networkTest(context, values);
    case "publish":
      return portTest(values, ({ hostConfig }) => Object.keys(hostConfig.PortBindings));
    case "expose":
      return portTest(values, ({ config }) => Object.keys(config.ExposedPorts));
    default:
      // is-task: there are no tasks here.
      return () => values.every((value) => value === "false" || value === "0");
  }
}

export function matchesLabel(labels: Record<string, string>, wanted: string): boolean {
  const mark = wanted.indexOf("=");
  if (mark < 0) return wanted in labels;
  return labels[wanted.slice(0, mark)] === wanted.slice(mark + 1);
}

function nameTest(values: readonly string[]): Test {
  const patterns = values.map((value) => {
    try {
      return new RegExp(value);
    } catch {
      throw invalid("bad_filter", `Cannot use filter name=${value}: it is not a regular expression`);
    }
  });
  // With and without the slash that names once had.
  return ({ name }) => patterns.some((pattern) => pattern.test(name) || pattern.test(`/${name}`));
}

function requireKnown(name: string, values: readonly string[], known: ReadonlySet<string>): void {
  for (const value of values) if (!known.has(value)) throw invalid("bad_filter", `invalid filter '${name}=${value}'`);
}

function exitedTest(values: readonly string[]): Test {
  const codes = values.map((value) => {
    if (!/^-?\d{1,9}$/.test(value)) throw invalid("bad_filter", `invalid filter 'exited=${value}'`);
    return Number(value);
  });
  return ({ state }) => state.status === "exited" && codes.includes(state.exitCode);
}

function ageTest(context: Context, name: "before" | "since", values: readonly string[]): Test {
  const times = values.map((value) => context.store.find(value).createdAtMs);
  return ({ createdAtMs }) => times.every((time) => (name === "before" ? createdAtMs < time : createdAtMs > time));
}

async function ancestorTest(context: Context, values: readonly string[]): Promise<Test> {
  const ids = new Set<string>();
  for (const value of values) {
    try {
      ids.add((await context.images.resolve(value)).id);
    } catch (error) {
      if (!(error instanceof EngineError && error.kind === "not_found")) throw error;
    }
  }
  return ({ imageId, config }) => ids.has(imageId) || values.includes(config.Image);
}

function networkTest(context: Context, values: readonly string[]): Test {
  return (container) =>
    networkNames(container).some((name) =>
      values.some((value) => value === name || value === context.networks.networkId(name)),
    );
}

function portTest(values: readonly string[], portsOf: (container: Container) => string[]): Test {
  const wanted = new Set(values.flatMap((value) => spreadPort(value, "filters", "port")));
  return (container) => portsOf(container).some((port) => wanted.has(port));
}
