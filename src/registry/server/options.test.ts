import { describe, expect, test } from "bun:test";
import { isLoopback, parseListen, parseServerOptions } from "./options.ts";

describe("parseListen()", () => {
  test.each([
    ["5000", "127.0.0.1", 5000],
    ["localhost:80", "127.0.0.1", 80],
    ["0.0.0.0:5000", "0.0.0.0", 5000],
    ["[::1]:0", "::1", 0],
  ])("reads %p", (text, host, port) => expect(parseListen(text)).toEqual({ host, port }));

  test.each(["", ":5000", "example.org:5000", "127.0.0.1", "1.2.3.4:70000", "::1:5000", "127.0.0.1:5000/x", "[x]:1"])(
    "refuses %p",
    (text) => expect(() => parseListen(text)).toThrow("Cannot listen on"),
  );
});

describe("parseServerOptions()", () => {
  test("without a word: loopback, everything allowed, local images shown", () => {
    expect(parseServerOptions(undefined)).toEqual({
      ...{ host: "127.0.0.1", port: 5000, tls: null, htpasswd: null, tokens: null, service: null },
      ...{ anonymousRead: false, readOnly: false, localImages: true },
    });
  });

  test.each([
    [{ TlsCert: "/c" }, "TlsKey: it belongs to TlsCert"],
    [{ TokenKey: "/k", TokenIssuer: "i" }, "TokenService and TokenRealm"],
    [{ Htpasswd: "users" }, "not an absolute path"],
    [{ AnonymousRead: true }, "everybody may do everything already"],
    [{ ReadOnly: "yes" }, "true or false"],
    [{ Listen: 5000 }, "a text is expected"],
    [{ Color: "red" }, "Color: it is not known"],
    [[], "an object is expected"],
  ])("refuses %p", (body, reason) => expect(() => parseServerOptions(body)).toThrow(reason));
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["10.0.0.1", false],
  ["::", false],
])("isLoopback(%p) is %p", (host, loopback) => expect(isLoopback(host)).toBe(loopback));
