/** One mount that a user asked for, resolved at create. Inspect shows these; the start turns them into binds and tmpfs. */
import type { Propagation } from "../../engines/index.ts";

export type MountPoint = {
  type: "bind" | "volume" | "tmpfs";
  /** Name of the volume; empty for binds and tmpfs. */
  name: string;
  /** Host path; empty for tmpfs. */
  source: string;
  destination: string;
  driver: string;
  /** The options as the user wrote them (`ro`, `z`, …), for inspect. */
  mode: string;
  readonly: boolean;
  /** The readonly flag covers submounts too. */
  recursive: boolean;
  propagation: Propagation | "";
  /** Made here without a name: removed with the container where asked. */
  anonymous: boolean;
  /** tmpfs mount data, e.g. `size=1048576,mode=755`. */
  tmpfsData: string;
};
