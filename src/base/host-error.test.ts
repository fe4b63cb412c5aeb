import { expect, test } from "bun:test";
import { fromHostError } from "./host-error.ts";

const failing = (code: string, path?: string): Error => Object.assign(new Error(code), { code, path });

test("fromHostError() names the file and what is lacking", () => {
  expect(fromHostError(failing("ENOSPC", "/home/x"))).toMatchObject({
    code: "host.enospc",
    kind: "resource_exhausted",
    message: "Cannot write /home/x: no space left on device",
  });
  expect(fromHostError(failing("EMFILE"))?.message).toBe("Cannot write the daemon's files: too many open files");
});

test("fromHostError() leaves other errors to whoever knows them", () => {
  for (const error of [failing("ENOENT", "/x"), new Error("ENOSPC"), "ENOSPC", null])
    expect(fromHostError(error)).toBeNull();
});
