import { engineConformance, type Program } from "../../engines/engine.conformance.ts";
import { planProcess } from "../../engines/native/plan-process.ts";
import { exampleFacts, exampleSpec } from "../../engines/native/plan-run.test-support.ts";
import { createFakeEngine } from "./fake-engine.ts";

const args = (program: Program): string[] => {
  switch (program.does) {
    case "exit":
      return ["exit", String(program.code)];
    case "print":
      return ["echo", program.text];
    case "copy":
      return ["cat"];
    case "stay":
      return ["sleep"];
    case "not exist":
      return ["missing"];
  }
};
const spec = (program: Program) => ({ ...exampleSpec, process: { ...exampleSpec.process, args: args(program) } });

engineConformance("the fake of the containers' tests", async () => ({
  engine: createFakeEngine(),
  spec,
  process: (program) => planProcess(exampleSpec, spec(program).process, exampleFacts, false),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}));
