import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createFakeClock } from "../test-support/fake-clock.ts";
import { createHarness, type Harness, imageId } from "../test-support/harness.ts";

let h: Harness;
beforeAll(async () => {
  const clock = createFakeClock();
  h = await createHarness({ clock });
  await h.create({ Labels: { tier: "web", zone: "a" }, ExposedPorts: { "80/tcp": {} } }, "web1");
  clock.advance(1000);
  await h.create(
    {
      Labels: { tier: "web" },
      HostConfig: { Binds: ["data:/data"], PortBindings: { "80/tcp": [{ HostPort: "8080" }] } },
    },
    "web2",
  );
  clock.advance(1000);
  await h.create({ Cmd: ["exit", "3"] }, "job");
  await h.call("POST", "/containers/web1/start");
  await h.call("POST", "/containers/web2/start");
  await h.call("POST", "/containers/job/start");
  await h.call("POST", "/containers/job/wait");
});
afterAll(() => h.close());

const names = async (query: string): Promise<string[]> =>
  (await h.call("GET", `/containers/json?${query}`)).json.map(({ Names }: { Names: string[] }) => Names[0]?.slice(1));
const filtered = (filters: Record<string, string[]>, more = "all=1") =>
  names(`${more}&filters=${encodeURIComponent(JSON.stringify(filters))}`);

describe("GET /containers/json", () => {
  test("newest first, running only unless asked, and a limit counts all", async () => {
    expect(await names("")).toEqual(["web2", "web1"]);
    expect(await names("all=1")).toEqual(["job", "web2", "web1"]);
    expect(await names("limit=1")).toEqual(["job"]);
  });

  test.each<[Record<string, string[]>, string[]]>([
    [{ name: ["^/?web"] }, ["web2", "web1"]],
    [{ name: ["job", "web1"] }, ["job", "web1"]],
    [{ label: ["tier=web", "zone"] }, ["web1"]],
    [{ label: ["tier=db"] }, []],
    [{ status: ["exited"] }, ["job"]],
    [{ exited: ["3"] }, ["job"]],
    [{ exited: ["0"] }, []],
    [{ ancestor: ["base"] }, ["job", "web2", "web1"]],
    [{ ancestor: [imageId] }, ["job", "web2", "web1"]],
    [{ ancestor: ["other"] }, []],
    [{ before: ["web2"] }, ["web1"]],
    [{ since: ["web2"] }, ["job"]],
    [{ health: ["none"] }, ["job", "web2", "web1"]],
    [{ volume: ["data"] }, ["web2"]],
    [{ volume: ["/data"] }, ["web2"]],
    [{ network: ["bridge"] }, ["job", "web2", "web1"]],
    [{ network: ["host"] }, []],
    [{ publish: ["80"] }, ["web2"]],
    [{ expose: ["80/tcp"] }, ["web1"]],
    [{ expose: ["70-90"] }, ["web1"]],
    [{ "is-task": ["true"] }, []],
  ])("filters %j", async (filters, expected) => expect(await filtered(filters)).toEqual(expected));

  test("unknown filters and values are a 400", async () => {
    const answer = await h.call("GET", `/containers/json?filters=${encodeURIComponent('{"colour":["red"]}')}`);
    expect([answer.status, answer.json.message]).toEqual([400, "invalid filter 'colour'"]);
    const bad = await h.call("GET", `/containers/json?filters=${encodeURIComponent('{"status":["happy"]}')}`);
    expect([bad.status, bad.json.message]).toEqual([400, "invalid filter 'status=happy'"]);
  });

  test("an entry has Docker's fields", async () => {
    const [entry] = (await h.call("GET", "/containers/json?limit=2&size=1")).json.slice(1);
    expect(entry).toMatchObject({
      Names: ["/web2"],
      Image: "base",
      ImageID: imageId,
      Command: "sleep",
      State: "running",
      Ports: [{ IP: "0.0.0.0", PrivatePort: 80, PublicPort: 32768, Type: "tcp" }],
      SizeRw: 7,
      SizeRootFs: 1007,
      HostConfig: { NetworkMode: "bridge" },
      Mounts: [{ Type: "volume", Name: "data", Destination: "/data", RW: true }],
    });
    expect(entry.NetworkSettings.Networks.bridge.IPAddress).toBe("172.30.0.2");
  });
});
