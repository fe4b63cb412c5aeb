import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHarness } from "../test-support/harness.ts";

type Harness = Awaited<ReturnType<typeof createHarness>>;
let h: Harness;
beforeAll(async () => {
  h = await createHarness({ noNetwork: "no bridge here" });
});
afterAll(() => h.close());

const create = (HostConfig: object) => h.call("POST", "/containers/create", { Image: "base", HostConfig });

test("a network that was not asked for is none where there is no bridge, and the client is told", async () => {
  const { json } = await create({ NetworkMode: "default" });
  expect(json.Warnings).toEqual([expect.stringContaining("has no network: no bridge here.")]);
  expect((await h.call("GET", `/containers/${json.Id}/json`)).json.HostConfig.NetworkMode).toBe("none");
  expect((await create({ NetworkMode: "none" })).json.Warnings).toEqual([]);
});

test("ports are refused there, and said to be discarded where a network without ports was asked for", async () => {
  const PortBindings = { "80/tcp": [{ HostPort: "8080" }] };
  const refused = await create({ PortBindings });
  expect(refused.status).toBe(501);
  expect(refused.json.message).toContain("Cannot publish ports: no bridge here");
  expect((await create({ NetworkMode: "host", PortBindings })).json.Warnings).toEqual([
    "Published ports are discarded when using host network mode",
  ]);
});

test("limits that the engine cannot hold are told at create and at update", async () => {
  const { json } = await create({ NetworkMode: "none", CpuShares: 5 });
  expect(json.Warnings).toEqual(["No CPU limit here."]);
  expect((await h.call("POST", `/containers/${json.Id}/update`, { CpuShares: 7 })).json).toEqual({
    Warnings: ["No CPU limit here."],
  });
});
