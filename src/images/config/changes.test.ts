import { expect, test } from "bun:test";
import fc from "fast-check";
import { EngineError } from "../../base/errors.ts";
import { applyChanges } from "./changes.ts";
import type { ImageConfig } from "./image-config.ts";

const cases: [string, ImageConfig][] = [
  ['CMD ["a", "b c"]', { Cmd: ["a", "b c"] }],
  ["CMD echo $HOME", { Cmd: ["/bin/sh", "-c", "echo $HOME"] }],
  ["CMD [ -f /x ]", { Cmd: ["/bin/sh", "-c", "[ -f /x ]"] }],
  ['cmd ["x"]', { Cmd: ["x"] }],
  ["ENTRYPOINT []", { Entrypoint: [] }],
  ['ENV A=1 B=\'2 3\' C="x\\"y"', { Env: ["A=1", "B=2 3", 'C=x"y'] }],
  ["ENV A some words", { Env: ["A=some words"] }],
  ["ENV A=", { Env: ["A="] }],
  ["LABEL a.b=c d=e=f", { Labels: { "a.b": "c", d: "e=f" } }],
  ["EXPOSE 80 53/udp 8000-8001", { ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {} } }],
  ["ONBUILD RUN x", { OnBuild: ["RUN x"] }],
  ["USER 1000:1000", { User: "1000:1000" }],
  ['VOLUME ["/a", "/b"]', { Volumes: { "/a": {}, "/b": {} } }],
  ["VOLUME /a /b", { Volumes: { "/a": {}, "/b": {} } }],
  ["WORKDIR /srv", { WorkingDir: "/srv" }],
  ["WORKDIR /a\nWORKDIR b", { WorkingDir: "/a/b" }],
  ["STOPSIGNAL SIGQUIT", { StopSignal: "SIGQUIT" }],
  ['SHELL ["/bin/bash", "-c"]\nCMD x', { Shell: ["/bin/bash", "-c"], Cmd: ["/bin/bash", "-c", "x"] }],
  ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
  [
    "HEALTHCHECK --interval=5s --retries=3 CMD curl -f x",
    { Healthcheck: { Interval: 5e9, Retries: 3, Test: ["CMD-SHELL", "curl -f x"] } },
  ],
  ['HEALTHCHECK CMD ["x"]', { Healthcheck: { Test: ["CMD", "x"] } }],
  ["# nothing\n\n", {}],
];

test.each(cases)("applyChanges(%j)", (line, expected) => expect(applyChanges({}, [line])).toEqual(expected));

test("applyChanges() replaces variables in place, and drops an inherited CMD under another ENTRYPOINT", () => {
  const config = { Env: ["A=1", "B=2"], Cmd: ["old"] };
  expect(applyChanges(config, ["ENV A=3", 'ENTRYPOINT ["e"]'])).toEqual({ Env: ["B=2", "A=3"], Entrypoint: ["e"] });
  expect(applyChanges(config, ['CMD ["c"]', 'ENTRYPOINT ["e"]'])).toMatchObject({ Cmd: ["c"], Entrypoint: ["e"] });
  expect(config).toEqual({ Env: ["A=1", "B=2"], Cmd: ["old"] });
});

test.each([
  ["RUN x", "RUN is not one of CMD"],
  ["constructor x", "CONSTRUCTOR is not one of"],
  ["CMD", "CMD needs an argument"],
  ["CMD [1]", "not a string"],
  ["ENV A", "key=value is expected"],
  ["ENV A=1 B", '"B" is not key=value'],
  ["ENV A='x", "a quote is not closed"],
  ["EXPOSE 0", "0 is not a port"],
  ["EXPOSE 80/icmp", "not a port"],
  ["EXPOSE 9-8", "not a port"],
  ["USER a b", "exactly one argument"],
  ["ONBUILD FROM x", "cannot trigger"],
  ["SHELL /bin/sh", "JSON list"],
  ["HEALTHCHECK x", "NONE or CMD"],
  ["HEALTHCHECK --interval=x CMD y", "not a duration"],
  ["HEALTHCHECK --bogus=1 CMD y", "no flag --bogus"],
])("applyChanges(%j) is refused", (line, message) => expect(() => applyChanges({}, [line])).toThrow(message));

test("applyChanges() throws nothing but EngineError", () => {
  const words = fc.constantFrom(
    "CMD",
    "ENV",
    "LABEL",
    "EXPOSE",
    "HEALTHCHECK",
    "VOLUME",
    "--interval=1s",
    "a=b",
    '"',
    "'",
    "\\",
    "[",
    "]",
    "\n",
    "80",
    " ",
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
      try {
        applyChanges({}, [parts.join(" ")]);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
      }
    }),
    { seed: 20261121, numRuns: 2000 },
  );
});
