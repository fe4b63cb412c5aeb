/** Signal names and numbers as Docker takes them: `9`, `KILL`, `SIGKILL`, `RTMIN+3`. */
import { constants } from "node:os";
import { invalid } from "../errors.ts";

const byName = new Map<string, number>(
  Object.entries(constants.signals).map(([name, number]) => [name.slice(3), number]),
);
const rtMin = 34;
const rtMax = 64;

export function parseSignal(text: string): number {
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= rtMax) return number;
    throw invalidSignal(text);
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  const number = realtime ? realtimeSignal(realtime) : byName.get(name);
  if (number === undefined || number > rtMax) throw invalidSignal(text);
  return number;
}

function realtimeSignal([, base, sign, offset = "0"]: RegExpExecArray): number | undefined {
  const number = (base === "MIN" ? rtMin : rtMax) + (sign === "-" ? -Number(offset) : Number(offset));
  return number >= rtMin && number <= rtMax ? number : undefined;
}

const invalidSignal = (text: string) => invalid("invalid_signal", `invalid signal: ${text}`);
