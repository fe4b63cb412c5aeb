import { expect, test } from "bun:test";
import type { ApiRequest, Route } from "../../api/index.ts";
import { defaultLimits } from "../schema.ts";
import { filteredRoutes } from "./filtered-routes.ts";
import { createReservations } from "./reservations.ts";

/** A volume feature that is slow: what it makes is counted only once `finish` was called. */
function slowVolumes() {
  let made = 0;
  const gate = Promise.withResolvers<void>();
  const route: Route = {
    method: "POST",
    path: "/volumes/create",
    async handle(request) {
      const { Name } = (await request.json()) as { Name: string };
      await gate.promise;
      if (Name === "bad") throw new Error("no such driver");
      made += 1;
      request.sendJson(201, { Name });
    },
  };
  const objects = {
    container: () => null,
    execContainer: () => null,
    volume: () => null,
    containersWith: () => 0,
    volumesWith: () => made,
    parseCreate: () => {
      throw new Error("no containers here");
    },
    parseUpdate: () => ({}),
  };
  const filter = {
    socket: "s",
    limits: { ...defaultLimits, MaxVolumes: 1 },
    objects,
    reservations: createReservations(),
  };
  const [filtered] = filteredRoutes([route], filter);
  const ask = async (Name: string): Promise<string> => {
    const request = { params: {}, json: () => Promise.resolve({ Name }), sendJson: () => undefined };
    try {
      await filtered?.handle(request as unknown as ApiRequest);
      return "made";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };
  return { ask, finish: gate.resolve };
}

test("filteredRoutes() counts what is still being made", async () => {
  const { ask, finish } = slowVolumes();
  const both = [ask("one"), ask("two")];
  finish();
  const [one, two] = await Promise.all(both);
  expect(one).toBe("made");
  expect(two).toContain("already has 1");
  expect(await ask("three")).toContain("already has 1");
});

test("filteredRoutes() gives room back when nothing was made", async () => {
  const { ask, finish } = slowVolumes();
  finish();
  expect(await ask("bad")).toBe("no such driver");
  expect(await ask("one")).toBe("made");
});
