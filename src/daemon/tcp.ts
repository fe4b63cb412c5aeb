/** The door over TCP, if the settings ask for one. What is wrong with it stops the daemon: nobody must believe that it is there. */
import { readFileSync } from "node:fs";
import { openTlsDoor, type TlsDoor } from "../api/index.ts";
import { EngineError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { TcpSettings } from "../config/index.ts";

export async function openTcp(
  settings: Readonly<TcpSettings> | null,
  socketPath: string,
  logger: Logger,
): Promise<TlsDoor | null> {
  if (settings === null) return null;
  const { address, clientCa, cert, key } = settings;
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  const port = Number(address.slice(colon + 1));
  const [ca, own, secret] = [clientCa, cert, key].map((file) => readPem(address, file)) as [string, string, string];
  try {
    const door = await openTlsDoor({ host, port, ca, cert: own, key: secret, socketPath, logger });
    logger.log("info", "api.tcp", { host, port: door.port });
    return door;
  } catch (cause) {
    const state = cause instanceof Error ? cause.message : String(cause);
    throw cannotListen(address, state, cause);
  }
}

function readPem(address: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw cannotListen(address, `${file} cannot be read`, cause);
  }
}

function cannotListen(address: string, state: string, cause: unknown): EngineError {
  return new EngineError({
    code: "daemon.tcp",
    kind: "invalid_argument",
    message: `Cannot listen on ${address}: ${state}`,
    hint: "correct `tcp` in config.json, or set it to null for the Unix socket alone",
    cause,
  });
}
