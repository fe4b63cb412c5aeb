/** Every verb by name, with how to load it: nothing is loaded that is not run. */
import type { Verb } from "./verb.ts";

type Entry = [name: string, summary: string, load: () => Promise<Verb>, aliases?: string[]];

const entries: Entry[] = [
  [
    "run",
    "Create and run a new container",
    async () => (await import("../containers/commands/run.ts")).run,
    ["container run"],
  ],
  [
    "exec",
    "Run a command in a running container",
    async () => (await import("../containers/commands/exec.ts")).exec,
    ["container exec"],
  ],
  [
    "ps",
    "List containers",
    async () => (await import("../containers/commands/ps.ts")).ps,
    ["container ls", "container list", "container ps"],
  ],
  [
    "create",
    "Create a new container",
    async () => (await import("../containers/commands/create.ts")).create,
    ["container create"],
  ],
  [
    "logs",
    "Print the logs of a container",
    async () => (await import("../containers/commands/logs.ts")).logs,
    ["container logs"],
  ],
  [
    "rm",
    "Remove containers",
    async () => (await import("../containers/commands/rm.ts")).rm,
    ["container rm", "container remove"],
  ],
  [
    "stop",
    "Stop running containers",
    async () => (await import("../containers/commands/stop.ts")).stop,
    ["container stop"],
  ],
  [
    "restart",
    "Restart containers",
    async () => (await import("../containers/commands/restart.ts")).restart,
    ["container restart"],
  ],
  [
    "kill",
    "Send a signal to running containers",
    async () => (await import("../containers/commands/kill.ts")).kill,
    ["container kill"],
  ],
  [
    "pause",
    "Pause all processes of containers",
    async () => (await import("../containers/commands/pause.ts")).pause,
    ["container pause"],
  ],
  [
    "unpause",
    "Let paused containers go on",
    async () => (await import("../containers/commands/unpause.ts")).unpause,
    ["container unpause"],
  ],
  [
    "wait",
    "Wait until containers stop, then print their exit codes",
    async () => (await import("../containers/commands/wait.ts")).wait,
    ["container wait"],
  ],
  [
    "start",
    "Start stopped containers",
    async () => (await import("../containers/commands/start.ts")).start,
    ["container start"],
  ],
  [
    "attach",
    "Attach to the streams of a running container",
    async () => (await import("../containers/commands/attach.ts")).attach,
    ["container attach"],
  ],
  [
    "inspect",
    "Show all about containers, images, volumes or networks",
    async () => (await import("../containers/commands/inspect.ts")).inspect,
  ],
  [
    "container inspect",
    "Show all about containers",
    async () => (await import("../containers/commands/inspect.ts")).containerInspect,
  ],
  [
    "top",
    "List the processes of a container",
    async () => (await import("../containers/commands/top.ts")).top,
    ["container top"],
  ],
  [
    "stats",
    "Show what containers use of the host",
    async () => (await import("../containers/commands/stats/index.ts")).stats,
    ["container stats"],
  ],
  [
    "cp",
    "Copy files between a container and here",
    async () => (await import("../containers/commands/cp/index.ts")).cp,
    ["container cp"],
  ],
  [
    "diff",
    "Show which files a container changed",
    async () => (await import("../containers/commands/diff.ts")).diff,
    ["container diff"],
  ],
  [
    "rename",
    "Give a container another name",
    async () => (await import("../containers/commands/rename.ts")).rename,
    ["container rename"],
  ],
  [
    "update",
    "Change limits and the restart policy of containers",
    async () => (await import("../containers/commands/update.ts")).update,
    ["container update"],
  ],
  [
    "port",
    "List the published ports of a container",
    async () => (await import("../containers/commands/port.ts")).port,
    ["container port"],
  ],
  [
    "commit",
    "Make an image of what a container changed",
    async () => (await import("../containers/commands/commit.ts")).commit,
    ["container commit"],
  ],
  [
    "export",
    "Write a container's root filesystem as a tar",
    async () => (await import("../containers/commands/export.ts")).exportContainer,
    ["container export"],
  ],
  [
    "container prune",
    "Remove all stopped containers",
    async () => (await import("../containers/commands/prune.ts")).containerPrune,
  ],
  [
    "images",
    "List images",
    async () => (await import("../images/commands/images.ts")).images,
    ["image ls", "image list"],
  ],
  ["image inspect", "Show all about images", async () => (await import("../images/commands/inspect.ts")).imageInspect],
  [
    "history",
    "Show how an image came to be",
    async () => (await import("../images/commands/history.ts")).history,
    ["image history"],
  ],
  ["tag", "Give an image another name", async () => (await import("../images/commands/tag.ts")).tag, ["image tag"]],
  ["rmi", "Remove images", async () => (await import("../images/commands/rmi.ts")).rmi, ["image rm", "image remove"]],
  [
    "load",
    "Load images from an archive",
    async () => (await import("../images/commands/load.ts")).load,
    ["image load"],
  ],
  ["save", "Write images to an archive", async () => (await import("../images/commands/save.ts")).save, ["image save"]],
  [
    "import",
    "Make an image of a root filesystem's tar",
    async () => (await import("../images/commands/import.ts")).importImage,
    ["image import"],
  ],
  [
    "pull",
    "Fetch an image from a registry",
    async () => (await import("../images/commands/pull.ts")).pull,
    ["image pull"],
  ],
  [
    "push",
    "Send an image to a registry",
    async () => (await import("../images/commands/push.ts")).push,
    ["image push"],
  ],
  ["search", "Search a registry for images", async () => (await import("../images/commands/search.ts")).search],
  ["login", "Log in to a registry", async () => (await import("../images/commands/login.ts")).login],
  [
    "logout",
    "Forget the credentials for a registry",
    async () => (await import("../images/commands/logout.ts")).logout,
  ],
  [
    "manifest inspect",
    "Show the manifest or index that a registry has under a name",
    async () => (await import("../images/commands/manifest.ts")).manifestInspect,
  ],
  [
    "image copy",
    "Copy an image between registries, archives and this host, without unpacking",
    async () => (await import("../images/commands/copy.ts")).imageCopy,
  ],
  [
    "image diff",
    "Show which files differ between two images: changed (C), added (A) and deleted (D)",
    async () => (await import("../images/commands/diff.ts")).imageDiff,
  ],
  [
    "image prune",
    "Remove images that nothing uses",
    async () => (await import("../images/commands/prune.ts")).imagePrune,
  ],
  [
    "image verify",
    "Check images on disk against their digests",
    async () => (await import("../images/commands/verify.ts")).imageVerify,
  ],
  [
    "image base",
    "Make the image hyperbox/base from this machine's busybox",
    async () => (await import("../images/commands/base.ts")).imageBase,
  ],
  [
    "registry serve",
    "Serve the local store as an OCI registry",
    async () => (await import("../registry/commands/serve.ts")).registryServe,
  ],
  [
    "registry ls",
    "List the registry servers of this daemon",
    async () => (await import("../registry/commands/ls.ts")).registryList,
    ["registry list"],
  ],
  [
    "registry search",
    "Search the local registry by words, labels, platforms and packages",
    async () => (await import("../registry/commands/search.ts")).registrySearch,
  ],
  ["registry stop", "Stop registry servers", async () => (await import("../registry/commands/stop.ts")).registryStop],
  [
    "registry prune",
    "Remove pushed blobs that no manifest names, and uploads that nobody finished",
    async () => (await import("../registry/commands/prune.ts")).registryPrune,
  ],
  ["volume create", "Create a volume", async () => (await import("../volumes/commands/create.ts")).volumeCreate],
  ["volume ls", "List volumes", async () => (await import("../volumes/commands/ls.ts")).volumeList, ["volume list"]],
  [
    "volume inspect",
    "Show all about volumes",
    async () => (await import("../volumes/commands/inspect.ts")).volumeInspect,
  ],
  [
    "volume rm",
    "Remove volumes",
    async () => (await import("../volumes/commands/rm.ts")).volumeRemove,
    ["volume remove"],
  ],
  [
    "volume prune",
    "Remove volumes that no container uses",
    async () => (await import("../volumes/commands/prune.ts")).volumePrune,
  ],
  [
    "network ls",
    "List networks",
    async () => (await import("../network/commands/ls.ts")).networkList,
    ["network list"],
  ],
  ["network create", "Create a network", async () => (await import("../network/commands/create.ts")).networkCreate],
  [
    "network connect",
    "Connect a container to a network",
    async () => (await import("../network/commands/connect.ts")).networkConnect,
  ],
  [
    "network doctor",
    "Explain why a container cannot reach something",
    async () => (await import("../network/commands/doctor.ts")).networkDoctor,
  ],
  [
    "network disconnect",
    "Disconnect a container from a network",
    async () => (await import("../network/commands/disconnect.ts")).networkDisconnect,
  ],
  [
    "network rm",
    "Remove networks",
    async () => (await import("../network/commands/rm.ts")).networkRemove,
    ["network remove"],
  ],
  [
    "network prune",
    "Remove networks that no container uses",
    async () => (await import("../network/commands/prune.ts")).networkPrune,
  ],
  [
    "network inspect",
    "Show all about networks",
    async () => (await import("../network/commands/inspect.ts")).networkInspect,
  ],
  [
    "version",
    "Show the versions of client and daemon",
    async () => (await import("../system/commands/version.ts")).version,
  ],
  [
    "info",
    "Show the daemon, its host, and what is degraded there",
    async () => (await import("../system/commands/info.ts")).info,
    ["system info"],
  ],
  [
    "events",
    "Follow what happens in the daemon",
    async () => (await import("../system/commands/events.ts")).events,
    ["system events"],
  ],
  ["system df", "Show what uses the disk", async () => (await import("../system/commands/df.ts")).systemDf],
  ["system prune", "Remove what is not used", async () => (await import("../system/commands/prune.ts")).systemPrune],
  [
    "system dial-stdio",
    "Pass standard input and output on to the daemon",
    async () => (await import("../system/commands/dial-stdio.ts")).dialStdio,
  ],
  [
    "socket create",
    "Make a filtered socket for a sandbox",
    async () => (await import("../sockets/commands/create.ts")).socketCreate,
  ],
  ["socket ls", "List filtered sockets", async () => (await import("../sockets/commands/ls.ts")).socketList],
  ["socket rm", "Remove filtered sockets", async () => (await import("../sockets/commands/rm.ts")).socketRemove],
  [
    "docker-context install",
    "Make this daemon the docker command's default",
    async () => (await import("../system/commands/docker-context.ts")).dockerContextInstall,
  ],
  [
    "docker-context uninstall",
    "Give the docker command its former default back",
    async () => (await import("../system/commands/docker-context.ts")).dockerContextUninstall,
  ],
  [
    "doctor",
    "Look at this host: what works, what is degraded",
    async () => (await import("../system/commands/doctor.ts")).doctor,
  ],
  [
    "daemon start",
    "Start the daemon, if it does not run yet",
    async () => (await import("../daemon/commands/start.ts")).daemonStart,
  ],
  [
    "daemon stop",
    "Stop the daemon; containers run on",
    async () => (await import("../daemon/commands/stop.ts")).daemonStop,
  ],
  [
    "daemon status",
    "Say whether the daemon runs",
    async () => (await import("../daemon/commands/status.ts")).daemonStatus,
  ],
  ["bench", "Measure this engine beside others", async () => (await import("../system/commands/bench.ts")).bench],
  [
    "completion",
    "Print the completion script for a shell",
    async () => (await import("./completion/completion.ts")).completion,
  ],
  ["daemon logs", "Print the daemon's log", async () => (await import("../daemon/commands/logs.ts")).daemonLogs],
];

/** Not shown and not completed: it is what completion scripts call. */
const hidden: Entry = ["__complete", "", async () => (await import("./completion/complete.ts")).complete];

export type Found = { load: () => Promise<Verb>; args: string[] };

export function findVerb(argv: readonly string[]): Found | undefined {
  const two = argv.length > 1 ? `${argv[0]} ${argv[1]}` : undefined;
  for (const [name, , load, aliases] of [...entries, hidden]) {
    if (two !== undefined && (name === two || aliases?.includes(two))) return { load, args: argv.slice(2) };
    if (name === argv[0]) return { load, args: argv.slice(1) };
  }
  return undefined;
}

export const verbSummaries: readonly (readonly [string, string])[] = entries.flatMap(
  ([name, summary, , aliases = []]) => [[name, summary] as const, ...aliases.map((alias) => [alias, summary] as const)],
);
export const verbNames: readonly string[] = verbSummaries.map(([name]) => name);
export const groups: readonly string[] = [
  ...new Set(verbNames.filter((name) => name.includes(" ")).map((name) => name.split(" ")[0] ?? "")),
];
