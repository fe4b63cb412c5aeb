/** Which ports to open: those bound by hand, and with `-P` all exposed ones. Null when there are none. */
import type { Container } from "../model/container.ts";
import type { PortMap } from "../schema/host-config.ts";

export function portsToPublish({ config, hostConfig }: Container): PortMap | null {
  let ports: PortMap | null = null;
  for (const port in hostConfig.PortBindings) {
    ports ??= {};
    ports[port] = hostConfig.PortBindings[port] ?? null;
  }
  if (!hostConfig.PublishAllPorts) return ports;
  for (const port in config.ExposedPorts) {
    ports ??= {};
    ports[port] ??= [{ HostIp: "", HostPort: "" }];
  }
  return ports;
}
