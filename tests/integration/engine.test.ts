/** The native engine on the real kernel against the contract of engines. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../src/base/log.ts";
import { findCore } from "../../src/daemon/core-path.ts";
import { readPlanFacts } from "../../src/daemon/host-facts.ts";
import { type EngineLab, engineConformance, type Program } from "../../src/engines/engine.conformance.ts";
import type { WorkloadSpec } from "../../src/engines/index.ts";
import { createNativeEngine, createZygote, planProcess, readCgroupFacts } from "../../src/engines/native/index.ts";
import { exampleSpec } from "../../src/engines/native/plan-run.test-support.ts";

function args(program: Program): string[] {
  switch (program.does) {
    case "exit":
      return ["/bin/sh", "-c", `exit ${program.code}`];
    case "print":
      return ["/bin/echo", program.text];
    case "copy":
      return ["/bin/cat"];
    case "stay":
      return ["/bin/sleep", "1000"];
    case "not exist":
      return ["/bin/missing"];
  }
}

async function openLab(): Promise<EngineLab> {
  const home = mkdtempSync(join(tmpdir(), "hbx-engine-"));
  const runDir = join(home, "run");
  mkdirSync(runDir);
  mkdirSync(join(home, "root/bin"), { recursive: true });
  cpSync("/bin/busybox", join(home, "root/bin/busybox"));
  for (const applet of ["sh", "echo", "cat", "sleep"]) symlinkSync("busybox", join(home, "root/bin", applet));
  for (const file of ["hosts", "hostname", "resolv.conf"]) writeFileSync(join(home, file), "");

  const logger = createLogger((line) => process.stderr.write(line), "warn");
  const corePath = findCore(process.env["HYPERBOX_CORE"], join(import.meta.dirname, "../../src/daemon"));
  const zygote = createZygote({ corePath, socketPath: join(runDir, "zygote"), logger });
  const facts = readPlanFacts(home, null);
  const engine = createNativeEngine({
    ...{ facts, home, logger, runDir, spares: 1 },
    connect: zygote.connect,
    network: {
      prepare: async () => ({ net: { kind: "none" }, endpoint: null }),
      release: () => undefined,
    },
    warmNetwork: { kind: "none" },
  });
  let count = 0;
  const spec = (program: Program): WorkloadSpec => {
    const dir = join(home, "containers", String(++count));
    for (const name of ["upper", "work"]) mkdirSync(join(dir, name), { recursive: true });
    const own = { upper: join(dir, "upper"), work: join(dir, "work") };
    return {
      ...exampleSpec,
      id: count.toString(16).padStart(64, "0"),
      process: { ...exampleSpec.process, args: args(program) },
      stdio: { ...exampleSpec.stdio, openStdin: program.does === "copy" },
      root: { ...exampleSpec.root, ...own, lowers: [join(home, "root")] },
      etcFiles: {
        hosts: join(home, "hosts"),
        hostname: join(home, "hostname"),
        resolvConf: join(home, "resolv.conf"),
      },
      exitFile: join(dir, "exit"),
    };
  };
  return {
    engine,
    spec,
    process: (program) => planProcess(exampleSpec, { ...exampleSpec.process, args: args(program) }, facts, false),
    async [Symbol.asyncDispose]() {
      await engine.sweep(new Set());
      await engine[Symbol.asyncDispose]();
      await zygote[Symbol.asyncDispose]();
      rmSync(home, { recursive: true });
    },
  };
}

const { v1, v2 } = readCgroupFacts(false);
const memory = v1.memory !== undefined || v2?.controllers.includes("memory") === true;
engineConformance("the native engine", openLab, memory ? {} : { update: "this host has no memory controller" });
