import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDockerConfig } from "./docker-config.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "hbx-docker-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const read = () => JSON.parse(readFileSync(join(dir, "config.json"), "utf8")) as unknown;

describe("openDockerConfig()", () => {
  test("keeps what it does not know when the current context changes", () => {
    writeFileSync(join(dir, "config.json"), '{"auths":{"r.example":{"auth":"x"}},"currentContext":"old"}');
    const config = openDockerConfig({ DOCKER_CONFIG: dir });
    expect(config.currentContext()).toBe("old");
    config.setCurrentContext("hyperbox");
    expect(read()).toEqual({ auths: { "r.example": { auth: "x" } }, currentContext: "hyperbox" });
    config.setCurrentContext(null);
    expect(read()).toEqual({ auths: { "r.example": { auth: "x" } } });
  });
  test("remembers what was current before", () => {
    const config = openDockerConfig({ DOCKER_CONFIG: dir });
    expect(config.context()).toBeNull();
    config.writeContext({ host: "unix:///a", former: "old" });
    expect(config.context()).toEqual({ host: "unix:///a", former: "old" });
    config.writeContext({ host: "unix:///a", former: null });
    expect(config.context()).toEqual({ host: "unix:///a", former: null });
    config.removeContext();
    expect(config.context()).toBeNull();
  });
  test("changes nothing in a file that it cannot read", () => {
    writeFileSync(join(dir, "config.json"), "{");
    const config = openDockerConfig({ DOCKER_CONFIG: dir });
    expect(() => config.setCurrentContext("hyperbox")).toThrow("it is not JSON");
    expect(readFileSync(join(dir, "config.json"), "utf8")).toBe("{");
  });
});
