import { expect, test } from "bun:test";
import { inNetwork, isLoopback } from "./network-list.ts";
import { proxyFor } from "./proxy.ts";

const url = (text: string) => new URL(text);

test("proxyFor() takes the proxy of the scheme, in either spelling", () => {
  const environment = { HTTPS_PROXY: "proxy:3128", http_proxy: "http://other:1" };
  expect(proxyFor(url("https://a.example/v2/"), environment)).toBe("http://proxy:3128");
  expect(proxyFor(url("http://a.example/v2/"), environment)).toBe("http://other:1");
  expect(proxyFor(url("https://a.example/v2/"), {})).toBeNull();
});

test.each([
  ["example.com", "https://example.com", true],
  ["example.com", "https://a.example.com", true],
  ["example.com", "https://myexample.com", false],
  [".example.com", "https://example.com", false],
  [".example.com", "https://a.example.com", true],
  ["*.example.com", "https://a.example.com", true],
  ["example.com:5000", "https://example.com:5000", true],
  ["example.com:5000", "https://example.com", false],
  ["10.0.0.0/8", "https://10.1.2.3", true],
  ["10.0.0.0/8", "https://11.1.2.3", false],
  ["fd00::/8", "https://[fd00::1]:5000", true],
  ["a, b ,example.com", "https://example.com", true],
  ["*", "https://anything", true],
])("proxyFor() with NO_PROXY=%s: %s goes directly: %p", (list, address, direct) => {
  expect(proxyFor(url(address), { HTTPS_PROXY: "p:1", NO_PROXY: list }) === null).toBe(direct);
});

test("proxyFor() never sends the loopback through a proxy", () => {
  for (const host of ["localhost:5000", "127.0.0.9", "[::1]:5000"])
    expect(proxyFor(url(`http://${host}/`), { HTTP_PROXY: "p:1" })).toBeNull();
});

test("isLoopback() and inNetwork() answer for names and addresses", () => {
  expect([isLoopback("localhost"), isLoopback("127.1.1.1"), isLoopback("128.0.0.1"), isLoopback("a")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([inNetwork("10.0.0.1", "10.0.0.1"), inNetwork("10.0.0.1", "x/8"), inNetwork("a", "10.0.0.0/8")]).toEqual([
    true,
    false,
    false,
  ]);
});
