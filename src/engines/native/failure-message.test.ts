import { describe, expect, test } from "bun:test";
import { failureMessage } from "./failure-message.ts";
import { examplePlan } from "./plan-run.test-support.ts";

describe("failureMessage()", () => {
  test("names a mount as its user does", () => {
    const plan = examplePlan({
      mounts: [
        {
          kind: "bind",
          source: "/v/data",
          target: "/var/lib/x",
          readonly: false,
          recursive: true,
          propagation: "rprivate",
          label: "volume data",
        },
      ],
    });
    const error = failureMessage({ step: "mount", errno: 30, path: "/var/lib/x", message: "volume data" }, plan);
    expect(error.message).toBe("Cannot mount volume data at /var/lib/x: read-only file system");
  });

  test.each([
    [2, "executable file not found in $PATH", 127, "native.command_not_found"],
    [13, undefined, 126, "native.command_not_executable"],
    [8, undefined, 126, "native.command_not_executable"],
  ])("gives Docker's exit code when the command fails with %d", (errno, message, exitCode, code) => {
    const error = failureMessage({ step: "exec", errno, path: "nope", ...(message ? { message } : {}) });
    expect(error.details).toMatchObject({ exitCode, errno });
    expect([error.code, error.kind]).toEqual([code, "invalid_argument"]);
    expect(error.message).toStartWith('Cannot run "nope": ');
  });

  test("says what limit could not be set", () => {
    const path = "/sys/fs/cgroup/memory/hyperbox-1/a/memory.limit_in_bytes";
    expect(failureMessage({ step: "cgroup_write", errno: 16, path, message: "4096" }).message).toBe(
      "Cannot set memory.limit_in_bytes to 4096: the container needs more than that already",
    );
  });

  test("keeps a step it does not know readable", () => {
    const error = failureMessage({ step: "warp_drive", errno: 28, path: "/x" });
    expect([error.message, error.kind, error.details["exitCode"]]).toEqual([
      "Cannot warp drive /x: no space left on device",
      "resource_exhausted",
      125,
    ]);
  });
});
