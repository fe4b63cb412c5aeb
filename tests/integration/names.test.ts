/** Names between containers, by the real daemon and the real name service. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openNameControl } from "../../src/engines/native/index.ts";
import { createContainer, execIn } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
  for (const body of [{ Name: "front" }, { Name: "back", Internal: true }, { Name: "six", EnableIPv6: true }]) {
    await home.api.ok("POST", "/networks/create", body);
  }
}, 60_000);
afterAll(async () => {
  await home[Symbol.asyncDispose]();
}, 60_000);

/** Starts a container that sleeps, on a network, with aliases there. */
async function start(name: string, network: string, aliases: string[] = [], more: object = {}): Promise<string> {
  const id = await createContainer(home.api, ["sleep", "1000000"], {
    HostConfig: { NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: aliases } } },
    ...more,
  });
  await home.api.ok("POST", `/containers/${id}/rename?name=${name}`);
  await home.api.ok("POST", `/containers/${id}/start`);
  return id;
}
const remove = (id: string) => home.api.ok("DELETE", `/containers/${id}?force=1`);

async function addressOf(id: string, network: string, key = "IPAddress"): Promise<string> {
  const { NetworkSettings } = (await home.api.ok("GET", `/containers/${id}/json`)).json as {
    NetworkSettings: { Networks: Record<string, Record<string, string>> };
  };
  return NetworkSettings.Networks[network]?.[key] ?? "";
}

/** All addresses that the container's own resolver finds, sorted; empty: none. */
async function lookUp(id: string, name: string, type = "a"): Promise<string[]> {
  const { stdout } = await execIn(home.api, id, ["nslookup", `-type=${type}`, name]);
  const answer = stdout
    .split(/^Non-authoritative answer:|^Name:/m)
    .slice(1)
    .join("\n");
  return [...new Set([...answer.matchAll(/Address[^:]*:\s*(\S+)/g)].map(([, address = ""]) => address))].sort();
}

test("containers find each other by name, alias, hostname, short id and below the network's name", async () => {
  const web = await start("web", "front", ["www", "WWW2"], { Hostname: "webhost" });
  const client = await start("client", "front");
  const address = await addressOf(web, "front");
  for (const name of ["web", "www", "www2", "WEB", "webhost", web.slice(0, 12), "web.front", "www.front"]) {
    expect({ name, found: await lookUp(client, name) }).toEqual({ name, found: [address] });
  }
  const pointer = await execIn(home.api, client, ["nslookup", address]);
  expect(pointer.stdout).toContain("web.front");
  const reached = await execIn(home.api, client, ["ping", "-c", "1", "-W", "2", "www"]);
  expect(reached.stdout).toContain(`PING www (${address})`);
  expect(reached.code).toBe(0);
  await Promise.all([remove(web), remove(client)]);
}, 30_000);

test("names of one network are not told on another, and the default bridge has none", async () => {
  const [secret, open, plain] = [
    await start("secret", "back"),
    await start("open", "front"),
    await start("plain", "bridge"),
  ];
  expect(await lookUp(open, "secret")).toEqual([]);
  expect(await lookUp(secret, "open")).toEqual([]);
  expect(readFileSync(join(home.home, "containers", plain, "resolv.conf"), "utf8")).not.toContain("127.0.0.11");
  expect(readFileSync(join(home.home, "containers", open, "resolv.conf"), "utf8")).toContain("nameserver 127.0.0.11");
  await home.api.ok("POST", "/networks/back/connect", { Container: open, EndpointConfig: { Aliases: ["now"] } });
  expect(await lookUp(open, "secret")).toEqual([await addressOf(secret, "back")]);
  expect(await lookUp(secret, "now")).toEqual([await addressOf(open, "back")]);
  await home.api.ok("POST", "/networks/back/disconnect", { Container: open });
  expect(await lookUp(open, "secret")).toEqual([]);
  expect(await lookUp(secret, "now")).toEqual([]);
  await Promise.all([remove(secret), remove(open), remove(plain)]);
}, 30_000);

test("one alias of several containers gives all addresses, without those that have stopped", async () => {
  const ids = await Promise.all([1, 2, 3].map((n) => start(`worker${n}`, "front", ["workers"])));
  const client = await start("boss", "front");
  const addresses = await Promise.all(ids.map((id) => addressOf(id, "front")));
  expect(await lookUp(client, "workers")).toEqual(addresses.sort());
  const [gone = "", ...rest] = ids;
  const goneAddress = await addressOf(gone, "front");
  await home.api.ok("POST", `/containers/${gone}/stop?t=0`);
  expect(await lookUp(client, "workers")).toEqual(addresses.filter((address) => address !== goneAddress));
  await home.api.ok("POST", `/containers/${gone}/start`);
  expect((await lookUp(client, "workers")).length).toBe(3);
  await Promise.all([gone, ...rest, client].map(remove));
}, 30_000);

test("a renamed container is found by its new name", async () => {
  const [one, client] = [await start("before", "front"), await start("asker", "front")];
  await home.api.ok("POST", `/containers/${one}/rename?name=after`);
  expect(await lookUp(client, "after")).toEqual([await addressOf(one, "front")]);
  expect(await lookUp(client, "before")).toEqual([]);
  await Promise.all([remove(one), remove(client)]);
}, 30_000);

test("IPv6 addresses are told, and none where there is none", async () => {
  const [six, client] = [await start("six1", "six"), await start("six2", "six")];
  const address6 = await addressOf(six, "six", "GlobalIPv6Address");
  expect(address6).not.toBe("");
  expect(await lookUp(client, "six1", "aaaa")).toEqual([address6]);
  const [four, asker] = [await start("four1", "front"), await start("four2", "front")];
  const none = await execIn(home.api, asker, ["nslookup", "-type=aaaa", "four1"]);
  expect(none.stdout).not.toContain("NXDOMAIN");
  expect(await lookUp(asker, "four1", "aaaa")).toEqual([]);
  await Promise.all([six, client, four, asker].map(remove));
}, 30_000);

test("a container can serve port 53 itself", async () => {
  const own = await start("server53", "front");
  const script = "nc -l -p 53 & sleep 0.2; netstat -ltn; nslookup server53";
  const { stdout } = await execIn(home.api, own, ["sh", "-c", script]);
  expect(stdout).toMatch(/:53\s/);
  expect(stdout).toContain(await addressOf(own, "front"));
  await remove(own);
}, 30_000);

test("names go on while the daemon is dead, are taken over by the next, and survive the death of the service", async () => {
  const web = await start("lasting", "front");
  const client = await start("watcher", "front");
  const address = await addressOf(web, "front");
  const pid = async () => {
    using control = await openNameControl(join(home.env["HYPERBOX_RUN"] ?? "", "names"));
    return Number((await control.request({ t: "state" }))["pid"]);
  };
  const [containerPid, service] = [
    ((await home.api.ok("GET", `/containers/${client}/json`)).json as { State: { Pid: number } }).State.Pid,
    await pid(),
  ];
  const inside = (): string => {
    const { stdout } = Bun.spawnSync([
      "nsenter",
      "-t",
      String(containerPid),
      "-n",
      "busybox",
      "nslookup",
      "lasting",
      "127.0.0.11",
    ]);
    return stdout.toString();
  };
  await home.kill("SIGKILL");
  expect(inside()).toContain(address);
  await home.start();
  expect(await pid()).toBe(service);
  expect(await lookUp(client, "lasting")).toEqual([address]);
  process.kill(service, "SIGKILL");
  const deadline = Date.now() + 10_000;
  while (!inside().includes(address)) expect(Date.now()).toBeLessThan(deadline);
  expect(await pid()).not.toBe(service);
  await Promise.all([remove(web), remove(client)]);
}, 60_000);

test("--dns is asked from inside the container, and only by it", async () => {
  const one = await start("own-dns", "front");
  const address = await addressOf(one, "front");
  // A resolver in the container itself: on its loopback nobody else can reach it.
  const script = join(import.meta.dirname, "../support/connectivity/resolver.py");
  const asks = await createContainer(home.api, ["sleep", "1000000"], {
    HostConfig: { NetworkMode: "front", Dns: ["127.0.0.77"] },
  });
  await home.api.ok("POST", `/containers/${asks}/start`);
  const { State } = (await home.api.ok("GET", `/containers/${asks}/json`)).json as { State: { Pid: number } };
  const resolver = Bun.spawn(
    ["nsenter", "-t", String(State.Pid), "-n", "python3", script, "127.0.0.77", "only.here=192.0.2.77"],
    { stdout: "pipe" },
  );
  await resolver.stdout.getReader().read();
  expect(await lookUp(asks, "only.here")).toEqual(["192.0.2.77"]);
  expect(await lookUp(asks, "own-dns")).toEqual([address]);
  expect(await lookUp(one, "only.here")).toEqual([]);
  resolver.kill();
  await Promise.all([remove(one), remove(asks)]);
}, 30_000);
