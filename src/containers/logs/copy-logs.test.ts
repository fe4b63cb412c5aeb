import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { createHarness, type Harness } from "../test-support/harness.ts";
import { append, logRecord, rotate } from "../test-support/log-writer.ts";

let h: Harness;
let path: string;
beforeEach(async () => {
  h = await createHarness();
  const id = await h.create({ Tty: false }, "cc");
  path = `${h.home}/containers/${id}/output.log`;
});
afterEach(() => h.close());

/** The multiplexed answer as `1:text` and `2:text` pieces. */
function pieces(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const out: string[] = [];
  for (let at = 0; at < buffer.length; ) {
    const end = at + 8 + buffer.readUInt32BE(at + 4);
    out.push(`${buffer[at]}:${buffer.toString("utf8", at + 8, end)}`);
    at = end;
  }
  return out;
}

async function logs(query: string): Promise<string[]> {
  const response = await h.fetchUnix(`/containers/cc/logs?${query}`);
  return pieces(new Uint8Array(await response.arrayBuffer()));
}

describe("logs", () => {
  test("all records of both streams in order, across rotated files", async () => {
    append(path, logRecord(1, "a\n"), logRecord(2, "b\n"));
    rotate(path, 3);
    append(path, logRecord(1, "c\n"));
    rotate(path, 3);
    append(path, logRecord(1, "d\n"));
    expect(await logs("stdout=1&stderr=1")).toEqual(["1:a\n", "2:b\n", "1:c\n", "1:d\n"]);
    expect(await logs("stderr=1")).toEqual(["2:b\n"]);
  });

  test("without follow, what is written while it is read is left out", async () => {
    append(path, ...Array.from({ length: 40_000 }, () => logRecord(1, "x".repeat(40))));
    const response = await h.fetchUnix("/containers/cc/logs?stdout=1");
    const reader = response.body?.getReader();
    let bytes = (await reader?.read())?.value?.length ?? 0;
    append(path, ...Array.from({ length: 40_000 }, () => logRecord(1, "y".repeat(40))));
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) bytes += part.value.length;
    expect(bytes).toBe(40_000 * (8 + 40));
  });

  test("a torn record at the end is left out", async () => {
    append(path, logRecord(1, "whole\n"), logRecord(1, "torn off here\n").subarray(0, 20));
    expect(await logs("stdout=1&stderr=1")).toEqual(["1:whole\n"]);
    expect(await logs("stdout=1&stderr=1&tail=1")).toEqual(["1:whole\n"]);
  });

  test.each([
    [0, []],
    [1, ["1:six"]],
    [2, ["2:five\n", "1:six"]],
    [3, ["1:four\n", "2:five\n", "1:six"]],
    [5, ["1:two\n", "1:three\n", "1:four\n", "2:five\n", "1:six"]],
    [99, ["1:one\ntwo\n", "1:three\n", "1:four\n", "2:five\n", "1:six"]],
  ])("tail=%d counts lines, not records", async (count, expected) => {
    append(path, logRecord(1, "one\ntwo\n"));
    rotate(path, 3);
    append(path, logRecord(1, "three\n"), logRecord(1, "four\n"), logRecord(2, "five\n"), logRecord(1, "six"));
    expect(await logs(`stdout=1&stderr=1&tail=${count}`)).toEqual(expected);
  });

  test("tail keeps a line whole that began before another stream's", async () => {
    append(path, logRecord(1, "be"), logRecord(2, "noise\n"), logRecord(1, "gin\n"));
    expect(await logs("stdout=1&stderr=1&tail=1")).toEqual(["1:be", "1:gin\n"]);
  });

  test("since and until choose by the record's time", async () => {
    append(path, logRecord(1, "1\n", 1000), logRecord(1, "2\n", 2000), logRecord(1, "3\n", 3000));
    expect(await logs("stdout=1&since=2")).toEqual(["1:2\n", "1:3\n"]);
    expect(await logs("stdout=1&until=2.5")).toEqual(["1:1\n", "1:2\n"]);
    expect(await logs("stdout=1&since=1.5&until=2.5")).toEqual(["1:2\n"]);
  });

  test("timestamps begin each line, and only lines", async () => {
    append(path, logRecord(1, "a\nb", 1_700_000_000_123), logRecord(1, "c\n", 1_700_000_000_124));
    expect(await logs("stdout=1&timestamps=1")).toEqual([
      "1:2023-11-14T22:13:20.123000000Z a\n",
      "1:2023-11-14T22:13:20.123000000Z b",
      "1:c\n",
    ]);
  });

  test("neither stream is Docker's 400, and no log at all is said so", async () => {
    expect((await h.call("GET", "/containers/cc/logs")).json.message).toBe(
      "Bad parameters: you must choose at least one stream",
    );
    await h.create({ HostConfig: { LogConfig: { Type: "none", Config: {} } } }, "quiet");
    const answer = await h.call("GET", "/containers/quiet/logs?stdout=1");
    expect([answer.status, answer.json.message]).toEqual([501, "configured logging driver does not support reading"]);
  });

  test("a terminal's log is raw", async () => {
    const id = await h.create({ Tty: true }, "tt");
    append(`${h.home}/containers/${id}/output.log`, logRecord(1, "raw\r\n"));
    expect((await h.call("GET", "/containers/tt/logs?stdout=1")).json).toBe("raw\r\n");
  });

  test("follow gets what is written later, across rotations and torn writes, until the exit", async () => {
    append(path, logRecord(1, "0\n"));
    await h.call("POST", "/containers/cc/start");
    const response = await h.fetchUnix("/containers/cc/logs?stdout=1&stderr=1&follow=1");
    const reader = response.body?.getReader();
    let seen = Buffer.alloc(0);
    const until = async (count: number) => {
      while (pieces(seen).length < count) {
        const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
        if (done) break;
        seen = Buffer.concat([seen, value ?? new Uint8Array()]);
      }
    };
    await until(1);
    append(path, logRecord(1, "1\n"));
    await until(2);
    append(path, logRecord(1, "2\n"));
    rotate(path, 3);
    append(path, logRecord(2, "3\n"));
    await until(4);
    const torn = logRecord(1, "4\n");
    appendFileSync(path, torn.subarray(0, 10));
    appendFileSync(path, torn.subarray(10));
    await until(5);
    append(path, logRecord(1, "5\n"));
    h.engine.workloads[0]?.end(0);
    await until(99);
    expect(pieces(seen)).toEqual(["1:0\n", "1:1\n", "1:2\n", "2:3\n", "1:4\n", "1:5\n"]);
  });
});
