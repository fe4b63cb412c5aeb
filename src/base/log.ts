/** The injected logger: one JSON object a line. Values under secret-looking keys are redacted here, in the sink. */

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Record<string, unknown>;
export type Logger = {
  log(level: LogLevel, event: string, fields?: LogFields): void;
};

const secretKey = /pass|secret|token|auth|credential/i;

function redact(fields: LogFields): LogFields {
  const out: LogFields = {};
  for (const [key, value] of Object.entries(fields)) out[key] = secretKey.test(key) ? "[redacted]" : value;
  return out;
}

export function createLogger(write: (line: string) => void, level: LogLevel = "info"): Logger {
  const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
  return {
    log(at, event, fields = {}) {
      if (order[at] < order[level]) return;
      write(`${JSON.stringify({ time: new Date().toISOString(), level: at, event, ...redact(fields) })}\n`);
    },
  };
}
