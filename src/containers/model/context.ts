/** What every verb of the feature works with. */
import type { Logger } from "../../base/log.ts";
import type { Engine } from "../../engines/index.ts";
import type { Events } from "../../state/index.ts";
import type { ReadyDirectories } from "../create/ready-directories.ts";
import type {
  Clock,
  ContainerDefaults,
  ImageProvider,
  Jobs,
  NetworkProvider,
  ProcessPlanner,
  VolumeProvider,
} from "../dependencies.ts";
import type { Exec } from "../exec/exec.ts";
import type { Trash } from "../remove/trash.ts";
import type { Store } from "../store/store.ts";

export type Context = {
  store: Store;
  events: Events;
  engine: Engine;
  images: ImageProvider;
  volumes: VolumeProvider;
  networks: NetworkProvider;
  jobs: Jobs;
  planProcess: ProcessPlanner;
  trash: Trash;
  ready: ReadyDirectories;
  logger: Logger;
  clock: Clock;
  /** `$HYPERBOX_HOME`. */
  home: string;
  defaults: ContainerDefaults;
  /** Whom every file must belong to, where the daemon has a single id; else null. */
  soleOwner: { uid: number; gid: number } | null;
  /** Every exec by id, running or ended not long ago. */
  execs: Map<string, Exec>;
  /** Ports being given back: who publishes waits, or a port would look taken by one that has ended. */
  releasing: Set<Promise<void>>;
  /** Set once by shutdown: exits are recorded, but nothing restarts. */
  closing: boolean;
};
