/** From the daemon's configuration and environment to what the client of registries goes by. */
import { join } from "node:path";
import type { Settings } from "../config/index.ts";
import { defaultRegistrySettings, type RegistrySettings } from "../images/index.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export function registrySettings(
  home: string,
  settings: Readonly<Settings>,
  environment: Environment,
): RegistrySettings {
  const { certificateDirectories } = defaultRegistrySettings;
  return {
    ...defaultRegistrySettings,
    mirrors: settings.registryMirrors,
    insecure: settings.insecureRegistries,
    authorities: settings.registryAuthorities === "" ? null : settings.registryAuthorities,
    certificateDirectories: [join(home, "certs.d"), ...certificateDirectories],
    environment,
  };
}
