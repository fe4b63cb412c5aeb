/** The daemon's entry: places and settings, one start, and a clean end on a signal. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError, errorText, exitCodeByKind } from "../base/errors.ts";
import { createLogger } from "../base/log.ts";
import { loadSettings, type Places, resolvePlaces } from "../config/index.ts";
import { findCore } from "./core-path.ts";
import { collectAtRest } from "./rest.ts";
import { becomeRootless, rootlessFacts } from "./rootless.ts";
import { makeOwnRunDirectory } from "./run-directory.ts";
import { lostRaceExitCode } from "./schema.ts";
import { startDaemon } from "./start.ts";

async function main(): Promise<number | undefined> {
  const places = resolvePlaces();
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) {
    makeOwnRunDirectory(places.run, uid);
    becomeRootless(places);
  }
  const rootless = rootlessFacts(readFileSync("/proc/self/uid_map", "utf8"));
  makePlaces(places);
  const settings = loadSettings(join(places.home, "config.json"));
  const logger = createLogger((line) => process.stderr.write(line), settings.logLevel);
  const corePath = findCore(process.env["HYPERBOX_CORE"], import.meta.dirname);

  const stopping = Promise.withResolvers<{ stopContainers: boolean }>();
  const daemon = await startDaemon({
    ...{ places, settings, logger, corePath, rootless },
    environment: process.env,
    stop: stopping.resolve,
  });
  writeFileSync(places.pidFile, `${process.pid}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => stopping.resolve({ stopContainers: false }));
  process.on("SIGHUP", () => undefined);
  process.on("unhandledRejection", (reason) => {
    logger.log("error", "unhandled", { stack: reason instanceof Error ? reason.stack : String(reason) });
  });
  logger.log("info", "daemon.start", { pid: process.pid, home: places.home });

  using _rest = collectAtRest();
  await daemon.stop(await stopping.promise);
  logger.log("info", "daemon.stop", { pid: process.pid });
  return 0;
}

function makePlaces(places: Places): void {
  mkdirSync(places.home, { recursive: true, mode: 0o711 });
  mkdirSync(join(places.home, "containers"), { recursive: true, mode: 0o710 });
  mkdirSync(places.run, { recursive: true, mode: 0o711 });
}

try {
  const code = await main();
  process.exit(code ?? 0);
} catch (error) {
  const hint = error instanceof EngineError && error.hint ? `\nhint: ${error.hint}` : "";
  const text =
    error instanceof EngineError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : errorText(error);
  process.stderr.write(`hyperboxd: ${text}${hint}\n`);
  process.exit(exitCodeOf(error));
}

/** Of many clients that start a daemon at once, all but one lose the race for the home: they tell it by this code. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof EngineError)) return 125;
  return error.code === "state.locked" ? lostRaceExitCode : exitCodeByKind[error.kind];
}
