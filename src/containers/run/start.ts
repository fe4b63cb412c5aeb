/** Starts a container: claim a place, write its three files, connect who waits, hand the spec to the engine. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import type { Endpoint } from "../../engines/index.ts";
import { connectPending } from "../attach/pending.ts";
import { conflict, notModified } from "../errors.ts";
import { startHealth } from "../health/monitor.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { containerPaths } from "../model/paths.ts";
import { publish } from "../model/publish.ts";
import type { PortMap } from "../schema/host-config.ts";
import { asksNames, connectAll, named, releaseOthers } from "./connections.ts";
import { follow } from "./follow.ts";
import { networkNames, networkRequest, parseNetworkMode, priorities } from "./network-mode.ts";
import { portsToPublish } from "./ports.ts";
import { describeStartFailure, recordStartFailure } from "./start-failure.ts";
import { startStopwatch } from "./start-timings.ts";
import { workloadSpec } from "./workload-spec.ts";

/** What `POST /containers/{id}/start` does: refuses by state, forgets earlier stops, then starts. */
export async function start(context: Context, container: Container): Promise<void> {
  const { state } = container;
  if (container.starting) await container.starting.catch(() => undefined);
  if (state.status === "paused") throw conflict("paused", "cannot start a paused container, try unpause instead");
  if (state.status === "running" || container.restartTimer) throw notModified();
  if (state.status === "removing" || state.status === "dead") {
    throw conflict("removing", "container is marked for removal and cannot be started");
  }
  container.restartDelayMs = 0;
  state.restartCount = 0;
  state.manuallyStopped = false;
  await launch(context, container);
}

/** One start at a time; used by start, restart and the restart policy. */
export function launch(context: Context, container: Container): Promise<void> {
  container.starting ??= run(context, container).finally(() => {
    container.starting = null;
  });
  return container.starting;
}

const neverAborted = new AbortController().signal;

async function run(context: Context, container: Container): Promise<void> {
  const { state } = container;
  const watch = startStopwatch();
  const opening: { ports: Promise<PortMap> | null } = { ports: null };
  try {
    if (state.startedAtMs !== 0) clearLastRun(context, container);
    const resolving = context.images.byId(container.imageId);
    const image = resolving instanceof Promise ? await resolving : resolving;
    let endpoints: Endpoint[] = [];
    const claim = await context.engine.claim(networkRequest(context, container), neverAborted);
    watch.mark("claim");
    try {
      endpoints = await connectAll(context, container, claim);
      // The kernel opens the ports while the rest is made ready.
      opening.ports = publishPorts(context, container, endpoints);
      opening.ports?.catch(() => undefined);
      writeGuestFiles(context, container, endpoints);
      watch.mark("files");
      if (endpoints.length > 0) await context.networks.announce(named(container, claim.namespace), endpoints);
      await connectPending(container, (options, output) => claim.attach(options, output));
      watch.mark("attach");
      const spec = workloadSpec(context, container, image.layers);
      watch.mark("spec");
      if (opening.ports) state.ports = await opening.ports;
      watch.mark("ports");
      const workload = await claim.start(spec);
      workload.record.endpoints = endpoints;
      watch.mark("core");
      state.status = "running";
      state.pid = workload.record.pid;
      state.startedAtMs = workload.record.startedAtMs;
      state.exitCode = 0;
      state.error = "";
      state.oomKilled = false;
      state.runtime = workload.record;
      container.workload = workload;
    } catch (error) {
      claim.abandon();
      releaseOthers(context, claim, endpoints);
      context.networks.withdraw(container.id, endpoints);
      throw error;
    }
  } catch (cause) {
    await opening.ports?.catch(() => undefined);
    if (opening.ports) await context.networks.unpublish(container.id).catch(() => undefined);
    const error = describeStartFailure(container, cause);
    recordStartFailure(context, container, error);
    throw error;
  }
  context.store.saveRunning(container);
  watch.mark("record");
  container.timings = { daemon: watch.steps, core: container.workload?.timings ?? {} };
  publish(context, container, "start");
  follow(context, container);
  if (container.config.Healthcheck) startHealth(context, container);
}

/** Null where nothing is to be published. */
function publishPorts(context: Context, container: Container, endpoints: readonly Endpoint[]): Promise<PortMap> | null {
  const wanted = portsToPublish(container);
  if (!wanted || endpoints.length === 0) return null;
  const publish = () => context.networks.publish(container.id, endpoints, priorities(container), wanted);
  return context.releasing.size === 0 ? publish() : Promise.all(context.releasing).then(publish);
}

/** The exit of the last run must not be taken for that of the next, and overlayfs refuses a volatile mount done twice. */
function clearLastRun(context: Context, { id }: Container): void {
  const { exitFile, work } = containerPaths(context.home, id);
  rmSync(exitFile, { force: true });
  rmSync(`${work}/work/incompat`, { recursive: true, force: true });
}

function writeGuestFiles(context: Context, container: Container, endpoints: readonly Endpoint[]): void {
  const { id, config, hostConfig, name } = container;
  const mode = parseNetworkMode(hostConfig.NetworkMode);
  if (mode.kind === "container") return;
  const [network = "none"] = networkNames(container);
  const files = context.networks.files({
    mode: config.NetworkDisabled ? "none" : network,
    hostname: config.Hostname,
    domainname: config.Domainname,
    extraHosts: hostConfig.ExtraHosts,
    aliases: [name],
    dns: hostConfig.Dns,
    dnsSearch: hostConfig.DnsSearch,
    dnsOptions: hostConfig.DnsOptions,
    endpoints,
    named: endpoints.length > 0 && asksNames(context, container),
  });
  const paths = containerPaths(context.home, id);
  overwrite(paths.hosts, files.hosts);
  overwrite(paths.hostname, files.hostname);
  overwrite(paths.resolvConf, files.resolvConf);
}

/** Without truncating first, after which ext4 would write the file to the disk as it is closed. */
function overwrite(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  try {
    const length = writeSync(file, text);
    if (fstatSync(file).size > length) ftruncateSync(file, length);
  } finally {
    closeSync(file);
  }
}
