import { expect, test } from "bun:test";
import { EngineError } from "../base/errors.ts";
import { translateStorageError } from "./errors.ts";

const native = (message: string, details: Record<string, unknown>) =>
  new EngineError({ code: "native.x", kind: "internal", message, details });

test("translateStorageError() says what is wrong with an archive, as a client's mistake", () => {
  const details = { step: "corrupt", errno: 74, path: null };
  const error = translateStorageError(
    native("Cannot corrupt: not a tar archive (error 74)", details),
    "load the archive",
  );
  expect(error).toMatchObject({
    kind: "invalid_argument",
    code: "image.archive_corrupt",
    message: "Cannot load the archive: it is damaged or no archive: not a tar archive",
  });
});

test("translateStorageError() keeps the path, colons included", () => {
  const details = { step: "traversal", errno: 22, path: "a: b" };
  const error = translateStorageError(
    native("Cannot traversal a: b: it leads out (invalid argument)", details),
    "import",
  );
  expect(error).toMatchObject({ message: "Cannot import: it reaches out of its place: a: b: it leads out" });
});

test.each([
  native("Cannot write /x: no space left on device", { step: "write", errno: 28, path: "/x" }),
  Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC", errno: -28 }),
])("translateStorageError() tells a full disk", (error) => {
  expect(translateStorageError(error, "load the archive")).toMatchObject({
    kind: "resource_exhausted",
    code: "image.disk_full",
  });
});

test("translateStorageError() leaves others alone", () => {
  const others = [
    new Error("x"),
    native("Cannot clone", { step: "clone", errno: 11 }),
    new DOMException("gone", "AbortError"),
  ];
  for (const error of others) expect(translateStorageError(error, "load")).toBe(error);
});
