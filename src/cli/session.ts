/** What a verb works with: the daemon's client and the terminal. */
import type { Client } from "../sdk/client.ts";
import type { Endpoint, Environment } from "../sdk/paths.ts";
import type { Output } from "./output.ts";

export type Session = {
  /** Starts the daemon when it is not running. */
  client: Client;
  endpoint: Endpoint;
  out: Output;
  err: Output;
  env: Environment;
};
