import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseChallenges } from "./challenge.ts";

const plain = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test("parseChallenges() reads what registries send", () => {
  expect(
    plain('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'),
  ).toEqual([
    [
      "bearer",
      { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" },
    ],
  ]);
  expect(plain("Basic realm=Registry")).toEqual([["basic", { realm: "Registry" }]]);
  expect(plain('BASIC Realm = "a \\"b\\" c"')).toEqual([["basic", { realm: 'a "b" c' }]]);
});

test("parseChallenges() reads several challenges of one header", () => {
  expect(plain('Negotiate, Basic realm="x", Bearer realm="y" , service=z')).toEqual([
    ["negotiate", {}],
    ["basic", { realm: "x" }],
    ["bearer", { realm: "y", service: "z" }],
  ]);
  expect(plain('Negotiate YWJj==, Basic realm="x"')).toEqual([
    ["negotiate", {}],
    ["basic", { realm: "x" }],
  ]);
});

test("parseChallenges() keeps the first of a parameter given twice, and what stands before nonsense", () => {
  expect(plain('Bearer realm="a",realm="b"')).toEqual([["bearer", { realm: "a" }]]);
  expect(plain('Bearer realm="a",service="unclosed')).toEqual(
    [["bearer", { realm: "a", service: '"unclosed' }]].map(() => ["bearer", { realm: "a" }]),
  );
  expect(plain("")).toEqual([]);
  expect(plain("=,=,;")).toEqual([]);
});

test("parseChallenges() reads back every challenge that can be written", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  const value = fc.string({ maxLength: 30 });
  const parameters = fc.dictionary(name, value, { noNullPrototype: true, minKeys: 1, maxKeys: 5 });
  const challenge = fc.tuple(fc.stringMatching(/^[A-Z][a-z]{0,8}$/), parameters);
  const write = ([scheme, values]: [string, Record<string, string>]) =>
    `${scheme} ${Object.entries(values)
      .map(([key, text]) => `${key}="${text.replace(/(["\\])/g, "\\$1")}"`)
      .join(", ")}`;
  fc.assert(
    fc.property(fc.array(challenge, { minLength: 1, maxLength: 3 }), (list) => {
      expect(plain(list.map(write).join(", "))).toEqual(list.map(([scheme, values]) => [scheme.toLowerCase(), values]));
    }),
    { seed: 3, numRuns: Number(process.env["HBX_FUZZ_RUNS"] ?? 300) },
  );
});

test("parseChallenges() answers any text in time that grows with its length only", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc
      .array(fc.constantFrom('"', "\\", "=", ",", " ", "a", "Bearer ", "realm="), { maxLength: 400 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (header) => {
      for (const { scheme } of parseChallenges(header)) expect(scheme).toMatch(/^\S+$/);
    }),
    { seed: 4, numRuns: Number(process.env["HBX_FUZZ_RUNS"] ?? 1000) },
  );
  for (const hostile of ['a="'.repeat(100_000), "=".repeat(1_000_000), 'a "\\'.repeat(100_000), ", ".repeat(500_000)]) {
    const started = performance.now();
    parseChallenges(hostile);
    expect(performance.now() - started).toBeLessThan(200);
  }
});
