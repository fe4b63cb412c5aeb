import { describe, expect, test } from "bun:test";
import { parseCreateRequest } from "../schema/create-request.ts";
import type { ImageConfig } from "../schema/image-config.ts";
import { inheritImage } from "./inherit.ts";

const image: ImageConfig = {
  Entrypoint: ["/entry"],
  Cmd: ["serve"],
  Env: ["PATH=/image", "LANG=C"],
  Labels: { a: "image", b: "image" },
  ExposedPorts: { "80/tcp": {} },
  WorkingDir: "/srv",
  User: "app",
  StopSignal: "SIGQUIT",
  Healthcheck: { Test: ["CMD", "check"], Interval: 5_000_000_000, Retries: 9 },
};
const inherit = (body: object) => inheritImage(parseCreateRequest({ Image: "x", ...body }).config, image);

describe("inheritImage()", () => {
  test.each([
    [{}, ["/entry"], ["serve"]],
    [{ Cmd: ["own"] }, ["/entry"], ["own"]],
    [{ Entrypoint: ["/own"] }, ["/own"], null],
    [{ Entrypoint: [""], Cmd: ["sh"] }, null, ["sh"]],
    [{ Entrypoint: "/text", Cmd: "arg" }, ["/text"], ["arg"]],
  ])("command of %j", (body, entrypoint, command) => {
    const { Entrypoint, Cmd } = inherit(body);
    expect([Entrypoint, Cmd]).toEqual([entrypoint, command]);
  });

  test("own values win, lists and maps are merged", () => {
    const config = inherit({
      Env: ["PATH=/own", "X"],
      Labels: { a: "own" },
      User: "root",
      Healthcheck: { Retries: 2 },
    });
    expect(config.Env).toEqual(["PATH=/own", "X", "LANG=C"]);
    expect(config.Labels).toEqual({ a: "own", b: "image" });
    expect(config.Healthcheck).toMatchObject({ Test: ["CMD", "check"], Interval: 5_000_000_000, Retries: 2 });
    expect([config.User, config.WorkingDir, config.StopSignal]).toEqual(["root", "/srv", "SIGQUIT"]);
  });

  test("NONE switches the image's healthcheck off", () => {
    expect(inherit({ Healthcheck: { Test: ["NONE"] } }).Healthcheck?.Test).toEqual(["NONE"]);
  });
});
