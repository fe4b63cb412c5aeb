import { describe, expect, test } from "bun:test";
import { candidates, type Names } from "./candidates.ts";

const names: Names = async (kind) =>
  ({
    container: ["web", "old"],
    running: ["web"],
    stopped: ["old"],
    image: ["alpine:3"],
    volume: ["data"],
    network: ["none"],
  })[kind];
const texts = async (...words: string[]) => (await candidates(words, names)).map(({ text }) => text);

describe("candidates()", () => {
  test("completes verbs and groups", async () => {
    expect(await texts("st")).toEqual(["start", "stats", "stop"]);
    expect(await texts("cont")).toEqual(["container"]);
    expect(await texts("volume", "")).toEqual(["create", "inspect", "list", "ls", "prune", "remove", "rm"]);
    expect(await texts("__")).toEqual([]);
  });
  test("completes flags, their values, and nothing of refused ones", async () => {
    expect(await texts("run", "--rm")).toEqual(["--rm"]);
    expect(await texts("run", "--gp")).toEqual([]);
    expect(await texts("run", "--network", "")).toEqual(["none"]);
    expect(await texts("inspect", "--type", "v")).toEqual(["volume"]);
    expect(await texts("load", "-i", "")).toEqual([":files"]);
  });
  test("completes objects that make sense for the verb", async () => {
    expect(await texts("start", "")).toEqual(["old"]);
    expect(await texts("exec", "-it", "")).toEqual(["web"]);
    expect(await texts("exec", "-u", "root", "")).toEqual(["web"]);
    expect(await texts("rm", "web", "o")).toEqual(["old"]);
    expect(await texts("run", "--name", "x", "al")).toEqual(["alpine:3"]);
    expect(await texts("rename", "web", "new", "")).toEqual([]);
    expect(await texts("cp", "w")).toEqual(["web:", ":files"]);
  });
  test("offers no flags behind the command of a container", async () => {
    expect(await texts("run", "alpine:3", "--r")).toEqual([]);
  });
});
