import { describe, expect, test } from "bun:test";
import { nearest } from "./nearest.ts";
import { parseFlags } from "./parse-flags.ts";
import type { Flag } from "./verb.ts";

const flags: Flag[] = [
  { name: "interactive", short: "i", kind: "bool", summary: "" },
  { name: "tty", short: "t", kind: "bool", summary: "" },
  { name: "env", short: "e", kind: "list", summary: "" },
  { name: "name", kind: "string", summary: "" },
  { name: "pull", kind: "string", summary: "", choices: ["always", "never"], default: "never" },
  { name: "gpus", kind: "string", summary: "", refused: "no" },
];
const parse = (...argv: string[]) => parseFlags(flags, argv);

describe("parseFlags()", () => {
  test("joins short flags and takes the rest as a value", () => {
    const { values } = parse("-it", "-eA=1", "-e", "B=2", "-ie=C=3");
    expect([values.bool("interactive"), values.bool("tty")]).toEqual([true, true]);
    expect(values.list("env")).toEqual(["A=1", "B=2", "C=3"]);
  });
  test("takes --name value, --name=value and booleans with a value", () => {
    expect(parse("--name", "a").values.string("name")).toBe("a");
    expect(parse("--name=a=b").values.string("name")).toBe("a=b");
    expect(parse("--tty=false").values.bool("tty")).toBe(false);
    expect(parse("--tty", "false").args).toEqual(["false"]);
  });
  test("goes on after positionals only when interspersed", () => {
    expect(parse("a", "-i", "b").args).toEqual(["a", "b"]);
    expect(parseFlags(flags, ["a", "-i", "b"], false).args).toEqual(["a", "-i", "b"]);
  });
  test("stops at -- and takes - as a positional", () => {
    expect(parse("-", "--", "-i", "--", "x").args).toEqual(["-", "-i", "--", "x"]);
    expect(parse("--", "-i").values.bool("interactive")).toBe(false);
  });
  test("gives the default only when the flag is absent", () => {
    expect(parse().values.string("pull")).toBe("never");
    expect(parse().values.has("pull")).toBe(false);
    expect(parse("--pull=always").values.string("pull")).toBe("always");
  });
  test("refuses unknown, unfinished, wrong and refused flags", () => {
    expect(() => parse("--nmae", "x")).toThrow("unknown flag: --nmae");
    expect(() => parse("-x")).toThrow("unknown shorthand flag: 'x' in -x");
    expect(() => parse("--name")).toThrow("flag needs an argument: --name");
    expect(() => parse("--tty=maybe")).toThrow("must be true or false");
    expect(() => parse("--pull=often")).toThrow("one of always, never");
    expect(() => parse("--gpus", "all")).toThrow("Cannot use --gpus: no");
  });
  test("sees --help and -h unless a flag has the name", () => {
    expect(parse("--help").help).toBe(true);
    expect(parse("-h").help).toBe(true);
  });
});

test("nearest() finds a swap and rejects strangers", () => {
  expect(nearest("nmae", ["name", "env"])).toBe("name");
  expect(nearest("zzzzzz", ["name", "env"])).toBeUndefined();
});
