import { expect, test } from "bun:test";
import { defaultEndpoint, hyperboxHome, parseEndpoint } from "./paths.ts";

test("hyperboxHome() prefers HYPERBOX_HOME, then the root default, then XDG", () => {
  expect(hyperboxHome({ HYPERBOX_HOME: "/x" }, 0)).toBe("/x");
  expect(hyperboxHome({}, 0)).toBe("/var/lib/hyperbox");
  expect(hyperboxHome({ XDG_DATA_HOME: "/d" }, 7)).toBe("/d/hyperbox");
  expect(hyperboxHome({ HOME: "/home/u" }, 7)).toBe("/home/u/.local/share/hyperbox");
});

test("hyperboxHome() refuses a relative path", () => {
  expect(() => hyperboxHome({ HYPERBOX_HOME: "home" }, 0)).toThrow(
    "Cannot use HYPERBOX_HOME=home: it is not an absolute",
  );
});

test("parseEndpoint() takes unix sockets only", () => {
  expect(parseEndpoint("unix:///a/b.sock").socketPath).toBe("/a/b.sock");
  expect(() => parseEndpoint("tcp://1.2.3.4:2375")).toThrow("only Unix sockets");
});

test("defaultEndpoint() is explicit only when HYPERBOX_HOST names it", () => {
  expect(defaultEndpoint({ HYPERBOX_HOME: "/x" })).toEqual({ socketPath: "/x/hyperbox.sock", explicit: false });
  expect(defaultEndpoint({ HYPERBOX_HOST: "unix:///y" })).toEqual({ socketPath: "/y", explicit: true });
});
