/** `$HYPERBOX_HOME/config.json`: read once, checked whole, frozen. An invalid file stops the daemon. */
import { readFileSync } from "node:fs";
import { EngineError } from "../base/errors.ts";
import type { LogLevel } from "../base/log.ts";

export type Settings = {
  logLevel: LogLevel;
  /** Places to run that are kept ready for the default network. */
  spares: number;
  /** Bytes of one log file of a container, and how many of them are kept. */
  logMaxBytes: number;
  logMaxFiles: number;
  /** Address on which ports are published when none is named. */
  publishAddress: string;
  /** The API over TCP, for clients that show a certificate of `clientCa`. Null: on the Unix socket only. */
  tcp: Readonly<TcpSettings> | null;
  /** Images that no container has go after so many days without one. Null: never. */
  imageMaxUnusedDays: number | null;
  /** What images may take on disk: beyond it the longest unused go, never those in use. Null: no limit. */
  imageStoreMaxBytes: number | null;
  /** How layers lie on disk; auto: erofs where this host can, else overlayfs. */
  storageDriver: "auto" | "erofs" | "overlayfs";
  /** Tried before a registry, in order: `{ "docker.io": ["https://mirror.example.com"] }`. */
  registryMirrors: Readonly<Record<string, readonly string[]>>;
  /** Hosts and networks that are reached by plain HTTP or with any certificate. This machine's own always are. */
  insecureRegistries: readonly string[];
  /** A file of certificate authorities beside the built-in ones; empty for none. */
  registryAuthorities: string;
  /** Where subnets of networks come from: ones of prefix length `size` out of `base`. Empty: the engine's own pools. */
  addressPools: readonly { base: string; size: number }[];
};

/** `host:port` and files in PEM. */
export type TcpSettings = { address: string; clientCa: string; cert: string; key: string };

export const defaultSettings: Readonly<Settings> = Object.freeze({
  logLevel: "info",
  spares: 3,
  logMaxBytes: 16 * 1024 * 1024,
  logMaxFiles: 3,
  publishAddress: "0.0.0.0",
  tcp: null,
  imageMaxUnusedDays: null,
  imageStoreMaxBytes: null,
  storageDriver: "auto",
  registryMirrors: Object.freeze({}),
  insecureRegistries: Object.freeze([]),
  registryAuthorities: "",
  addressPools: [],
});

type Check = { expected: string; ok(value: unknown): boolean };

const integer = (low: number, high: number): Check => ({
  expected: `an integer from ${low} to ${high}`,
  ok: (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
});

const orNull = ({ expected, ok }: Check): Check => ({
  expected: `null or ${expected}`,
  ok: (value) => value === null || ok(value),
});

const oneOf = (...values: string[]): Check => ({
  expected: values.join(", ").replace(/, ([^,]*)$/, " or $1"),
  ok: (value) => values.includes(value as string),
});
function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "");
}

const checks: Record<keyof Settings, Check> = {
  logLevel: oneOf("debug", "info", "warn", "error"),
  spares: integer(0, 64),
  logMaxBytes: integer(64 * 1024, 2 ** 40),
  logMaxFiles: integer(1, 1000),
  publishAddress: {
    expected: "an IP address",
    ok: (value) => typeof value === "string" && /^[0-9a-f.:]+$/i.test(value),
  },
  tcp: { expected: 'null or {"address": "HOST:PORT", "clientCa": FILE, "cert": FILE, "key": FILE}', ok: isTcp },
  imageMaxUnusedDays: orNull(integer(1, 36_500)),
  imageStoreMaxBytes: orNull(integer(1024 * 1024, 2 ** 50)),
  storageDriver: oneOf("auto", "erofs", "overlayfs"),
  registryMirrors: {
    expected: 'an object of lists of addresses, such as { "docker.io": ["https://mirror.example.com"] }',
    ok: (value) =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((list) => isTextList(list) && list.every((text) => /^https?:\/\//.test(text))),
  },
  insecureRegistries: { expected: "a list of hosts, host:port or networks", ok: isTextList },
  registryAuthorities: {
    expected: "the absolute path of a file",
    ok: (value) => typeof value === "string" && /^(\/.*)?$/.test(value),
  },
  addressPools: {
    expected: "a list of {base, size}",
    ok: (value) =>
      Array.isArray(value) &&
      value.every(
        (pool) => typeof pool?.base === "string" && Number.isInteger(pool.size) && Object.keys(pool).length === 2,
      ),
  },
};

const tcpKeys = ["address", "cert", "clientCa", "key"];

function isTcp(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== "object" || Array.isArray(value)) return false;
  const fields = Object.entries(value as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  const { address } = value as { address?: unknown };
  const complete = fields.map(([key]) => key).join() === tcpKeys.join();
  return complete && fields.every(([, text]) => typeof text === "string") && /^.+:\d{1,5}$/.test(String(address));
}

export function loadSettings(path: string): Readonly<Settings> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return defaultSettings;
    throw bad(path, "it cannot be read", cause);
  }
  return parseSettings(text, path);
}

export function parseSettings(text: string, path: string): Readonly<Settings> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(path, "it is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(path, "a JSON object is expected");
  for (const [key, given] of Object.entries(value)) {
    const check = (checks as Record<string, Check>)[key];
    if (!check)
      throw bad(path, `there is no setting ${JSON.stringify(key)} (known: ${Object.keys(checks).join(", ")})`);
    if (!check.ok(given)) throw bad(path, `${key} must be ${check.expected}, not ${JSON.stringify(given)}`);
  }
  return Object.freeze({ ...defaultSettings, ...(value as Partial<Settings>) });
}

function bad(path: string, state: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "config.invalid",
    kind: "invalid_argument",
    message: `Cannot use ${path}: ${state}`,
    hint: "correct the file or remove it to run with the defaults",
    cause,
  });
}
