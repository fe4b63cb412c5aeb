/** The `config` object of an OCI image, as far as containers inherit from it. Images hand it over parsed. */
import type { Healthcheck } from "./config.ts";

export type ImageConfig = {
  User?: string;
  Env?: string[] | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  WorkingDir?: string;
  ExposedPorts?: Record<string, object> | null;
  Volumes?: Record<string, object> | null;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  Healthcheck?: Healthcheck | null;
  Shell?: string[] | null;
  OnBuild?: string[] | null;
};
