import { describe, expect, test } from "bun:test";
import { homeTag, resolvePlaces } from "./environment.ts";
import { defaultSettings, parseSettings } from "./settings.ts";

describe("resolvePlaces()", () => {
  test("uses the system's places as root and the user's otherwise", () => {
    expect(resolvePlaces({}, 0)).toMatchObject({
      home: "/var/lib/hyperbox",
      run: "/run/hyperbox",
      socket: "/var/lib/hyperbox/hyperbox.sock",
    });
    const places = resolvePlaces({ HOME: "/home/a", XDG_RUNTIME_DIR: "/run/user/7" }, 7);
    expect(places.home).toBe("/home/a/.local/share/hyperbox");
    expect(places.run).toBe("/run/user/7/hyperbox");
  });
  test("gives a home of its own a run directory of its own", () => {
    expect(resolvePlaces({ HYPERBOX_HOME: "/x/y/" }, 0).run).toBe(`/run/hyperbox-${homeTag("/x/y")}`);
    expect(resolvePlaces({ HYPERBOX_HOME: "/x", HYPERBOX_RUN: "/r" }, 0).run).toBe("/r");
  });
  test("refuses a relative path", () => {
    expect(() => resolvePlaces({ HYPERBOX_HOME: "x" }, 0)).toThrow("not an absolute path");
  });
});

describe("parseSettings()", () => {
  test("merges over the defaults", () => {
    expect(parseSettings('{"spares":0}', "c")).toEqual({ ...defaultSettings, spares: 0 });
  });
  test("names the key, the expectation and the known keys when something is wrong", () => {
    expect(() => parseSettings('{"spares":-1}', "c")).toThrow("spares must be an integer from 0 to 64, not -1");
    expect(() => parseSettings('{"spare":1}', "c")).toThrow('no setting "spare" (known: logLevel, spares');
    expect(() => parseSettings("[", "c")).toThrow("it is not JSON");
    expect(() => parseSettings("[]", "c")).toThrow("a JSON object is expected");
  });
});
