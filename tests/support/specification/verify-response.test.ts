import { describe, expect, test } from "bun:test";
import { loadSpecification } from "./specification.ts";
import { verifyResponse } from "./verify-response.ts";

describe.skipIf(loadSpecification() === null)("verifyResponse()", () => {
  test("has nothing to say of a right answer", () => {
    expect(verifyResponse("GET", "/v1.51/version", 200, { ApiVersion: "1.51" })).toBeNull();
    expect(verifyResponse("GET", "/images/a/b/json", 404, { message: "No such image" })).toBeNull();
  });
  test("names the place of a wrong type", () => {
    expect(verifyResponse("GET", "/version", 200, { ApiVersion: 5 })).toContain("/ApiVersion must be string");
  });
  test("names a field that must be there", () => {
    expect(verifyResponse("GET", "/containers/x/json", 404, { error: "x" })).toContain("'message'");
  });
  test("refuses a success that is not described", () => {
    expect(verifyResponse("POST", "/containers/x/start", 200, {})).toContain("answers 200");
  });
  test("looks into lists, and knows what may be null", () => {
    expect(verifyResponse("GET", "/containers/json", 200, [{ Id: 1 }])).toContain("/0/Id must be string");
    expect(verifyResponse("GET", "/containers/x/json", 200, { State: null })).toBeNull();
  });
});
