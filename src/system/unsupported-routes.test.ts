import { expect, test } from "bun:test";
import { EngineError } from "../base/errors.ts";
import { unsupportedRoutes } from "./unsupported-routes.ts";

test("unsupportedRoutes() refuse every endpoint as unsupported, with a state and a hint", () => {
  const routes = unsupportedRoutes();
  expect(routes.length).toBeGreaterThan(40);
  for (const { handle, path } of routes) {
    let thrown: unknown;
    try {
      handle({} as never);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof EngineError)) throw new Error(`${path} was not refused`);
    expect(thrown.kind).toBe("unsupported");
    expect(thrown.message).toMatch(/^Cannot .+: .+/);
    expect(thrown.hint).toBeTruthy();
  }
});
