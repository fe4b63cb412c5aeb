import { expect, test } from "bun:test";
import type { Endpoint } from "../../engines/engine.ts";
import { networkId } from "./ids.ts";
import { type NetworkSettingsRequest, networkSettings } from "./network-settings.ts";

const endpoint: Endpoint = {
  network: "bridge",
  interface: "eth0",
  hostInterface: "hv000000000005",
  address: "172.20.0.5",
  prefixLength: 16,
  gateway: "172.20.0.1",
  mac: "02:42:ac:14:00:05",
};
const request: NetworkSettingsRequest = {
  tag: "00000000",
  containerId: "c".repeat(64),
  mode: "bridge",
  running: true,
  pid: 42,
  endpoint,
  ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] },
};

test("networkSettings() of a running container on the bridge has the address at both places", () => {
  const settings = networkSettings(request);
  expect(settings).toMatchObject({
    IPAddress: "172.20.0.5",
    IPPrefixLen: 16,
    Gateway: "172.20.0.1",
    MacAddress: endpoint.mac,
  });
  expect(settings.Networks["bridge"]).toMatchObject({
    IPAddress: "172.20.0.5",
    NetworkID: networkId("00000000", "bridge"),
  });
  expect(settings.Networks["bridge"]?.EndpointID).toBe(settings.EndpointID);
  expect(settings.Ports).toEqual(request.ports);
  expect(settings.SandboxKey).toBe("/proc/42/ns/net");
});

test("networkSettings() of a stopped one names its network and has nothing else", () => {
  const settings = networkSettings({ ...request, running: false });
  expect(settings).toMatchObject({ IPAddress: "", EndpointID: "", SandboxID: "", Ports: {}, IPPrefixLen: 0 });
  expect(settings.Networks["bridge"]).toMatchObject({ IPAddress: "", NetworkID: "", EndpointID: "" });
});

test("networkSettings() has no address for host and none, and no network of its own for container:x", () => {
  for (const mode of ["host", "none"]) {
    const settings = networkSettings({ ...request, mode, endpoint: null, ports: {} });
    expect(Object.keys(settings.Networks)).toEqual([mode]);
    expect(settings).toMatchObject({ IPAddress: "", EndpointID: "" });
    expect(settings.Networks[mode]?.EndpointID).toHaveLength(64);
  }
  expect(networkSettings({ ...request, mode: "container:x", endpoint: null, ports: {} }).Networks).toEqual({});
});
