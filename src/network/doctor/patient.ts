/** All that the checks work with, gathered once. */
import type { DoctorContainer, DoctorNetwork } from "./facts.ts";
import type { HostView } from "./host-view.ts";
import type { Ruleset } from "./ruleset.ts";

export type Reach = (ask: {
  pid: number;
  protocol: "tcp" | "udp";
  address: string;
  port: number;
  payload?: Uint8Array;
}) => Promise<{ errno: number; reply: Uint8Array }>;

export type Patient = {
  networks: readonly DoctorNetwork[];
  containers: readonly DoctorContainer[];
  /** The name of our nftables table. */
  table: string;
  host: HostView;
  reach: Reach;
  rules: { ruleset: Ruleset; listing: string } | null;
};

export const errnos = { refused: 111, timeout: 110, noRoute: 101, noHost: 113, notPermitted: 1 } as const;
