/** Parameters of GET /containers/{id}/logs. */
import { boolQuery } from "../../api/index.ts";
import { invalid } from "../errors.ts";
import type { LogOptions } from "./copy-logs.ts";

export function parseLogQuery(query: URLSearchParams): LogOptions {
  const stdout = boolQuery(query, "stdout");
  const stderr = boolQuery(query, "stderr");
  if (!stdout && !stderr) throw invalid("no_stream", "Bad parameters: you must choose at least one stream");
  return {
    stdout,
    stderr,
    follow: boolQuery(query, "follow"),
    timestamps: boolQuery(query, "timestamps"),
    details: boolQuery(query, "details"),
    sinceNs: parseUnixTime(query.get("since"), "since"),
    untilNs: parseUnixTime(query.get("until"), "until"),
    tail: parseTail(query.get("tail")),
  };
}

/** Seconds since the epoch with up to nine decimals → nanoseconds; 0 when absent. */
export function parseUnixTime(text: string | null, name: string): number {
  if (text === null || text === "" || text === "0") return 0;
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (!match)
    throw invalid("bad_time", `Cannot read parameter ${name}: ${JSON.stringify(text)} is not a time in seconds`);
  return Number(match[1]) * 1e9 + Number((match[2] ?? "").padEnd(9, "0"));
}

/** Docker takes anything that is not a count of lines as "all". */
function parseTail(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
