import { describe, expect, test } from "bun:test";
import {
  canonicalName,
  familiarName,
  familiarRepository,
  parseReference,
  withDefaultTag,
  withTag,
} from "./reference.ts";

const hex = "a".repeat(64);
const d = `sha256:${hex}`;

// [typed, canonical with default tag, familiar with default tag]
const valid: [string, string, string][] = [
  ["alpine", "docker.io/library/alpine:latest", "alpine:latest"],
  ["alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"],
  ["library/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
  ["docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
  ["docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
  ["index.docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
  ["index.docker.io/user/app:1", "docker.io/user/app:1", "user/app:1"],
  ["user/app", "docker.io/user/app:latest", "user/app:latest"],
  ["a/b/c", "docker.io/a/b/c:latest", "a/b/c:latest"],
  ["library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
  ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
  ["localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"],
  ["localhost:5000/library/app:x", "localhost:5000/library/app:x", "localhost:5000/library/app:x"],
  ["127.0.0.1:5000/app:v1", "127.0.0.1:5000/app:v1", "127.0.0.1:5000/app:v1"],
  ["[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"],
  ["[2001:db8::1]/app", "[2001:db8::1]/app:latest", "[2001:db8::1]/app:latest"],
  ["ghcr.io/org/app", "ghcr.io/org/app:latest", "ghcr.io/org/app:latest"],
  ["Registry/app", "Registry/app:latest", "Registry/app:latest"],
  ["EXAMPLE.com/app", "EXAMPLE.com/app:latest", "EXAMPLE.com/app:latest"],
  ["xn--n3h.com/app", "xn--n3h.com/app:latest", "xn--n3h.com/app:latest"],
  [`alpine@${d}`, `docker.io/library/alpine@${d}`, `alpine@${d}`],
  [`alpine:3@${d}`, `docker.io/library/alpine:3@${d}`, `alpine:3@${d}`],
  [`ghcr.io/o/a@${d}`, `ghcr.io/o/a@${d}`, `ghcr.io/o/a@${d}`],
  ["a", "docker.io/library/a:latest", "a:latest"],
  ["0", "docker.io/library/0:latest", "0:latest"],
  ["a_b", "docker.io/library/a_b:latest", "a_b:latest"],
  ["a__b", "docker.io/library/a__b:latest", "a__b:latest"],
  ["a.b", "docker.io/library/a.b:latest", "a.b:latest"],
  ["a---b", "docker.io/library/a---b:latest", "a---b:latest"],
  ["docker", "docker.io/library/docker:latest", "docker:latest"],
  ["docker.io", "docker.io/library/docker.io:latest", "docker.io:latest"],
  ["localhost", "docker.io/library/localhost:latest", "localhost:latest"],
  ["sha256:abc", "docker.io/library/sha256:abc", "sha256:abc"],
  ["app:_", "docker.io/library/app:_", "app:_"],
  ["app:A.B-c_9", "docker.io/library/app:A.B-c_9", "app:A.B-c_9"],
  [`app:${"t".repeat(128)}`, `docker.io/library/app:${"t".repeat(128)}`, `app:${"t".repeat(128)}`],
  [`x/${"n".repeat(253)}`, `docker.io/x/${"n".repeat(253)}:latest`, `x/${"n".repeat(253)}:latest`],
  [`${"f".repeat(63)}`, `docker.io/library/${"f".repeat(63)}:latest`, `${"f".repeat(63)}:latest`],
  [`${"f".repeat(65)}`, `docker.io/library/${"f".repeat(65)}:latest`, `${"f".repeat(65)}:latest`],
  [`user/${hex}`, `docker.io/user/${hex}:latest`, `user/${hex}:latest`],
  ["h.example:1/a/b_c/d.e:t", "h.example:1/a/b_c/d.e:t", "h.example:1/a/b_c/d.e:t"],
  ["a1:5000", "docker.io/library/a1:5000", "a1:5000"],
  ["test.com:8080", "docker.io/library/test.com:8080", "test.com:8080"],
];

// [typed, part of the message]
const invalid: [string, string][] = [
  ["", "invalid reference format"],
  [" ", "invalid reference format"],
  ["alpine ", "invalid reference format"],
  [" alpine", "invalid reference format"],
  ["al pine", "invalid reference format"],
  ["Alpine", "must be lowercase"],
  ["user/App", "must be lowercase"],
  ["ghcr.io/Org/app", "must be lowercase"],
  [":tag", "invalid reference format"],
  ["alpine:", "invalid reference format"],
  ["alpine:-x", "invalid reference format"],
  ["alpine:.x", "invalid reference format"],
  ["alpine:a/b", "invalid reference format"],
  ["alpine:a:b", "invalid reference format"],
  [`alpine:${"t".repeat(129)}`, "invalid reference format"],
  ["/alpine", "invalid reference format"],
  ["alpine/", "invalid reference format"],
  ["a//b", "invalid reference format"],
  ["-a", "invalid reference format"],
  ["a-", "invalid reference format"],
  ["_a", "invalid reference format"],
  ["a_", "invalid reference format"],
  [".a", "invalid reference format"],
  ["a..b", "invalid reference format"],
  ["a___b", "invalid reference format"],
  ["a._b", "invalid reference format"],
  ["../etc", "invalid reference format"],
  ["./a", "invalid reference format"],
  ["a/../b", "invalid reference format"],
  ["a\0b", "invalid reference format"],
  ["a\nb", "invalid reference format"],
  ["ä", "invalid reference format"],
  ["http://x/y", "invalid reference format"],
  ["-x.com/y", "invalid reference format"],
  ["x-.com/y", "invalid reference format"],
  ["x.com:/y", "invalid reference format"],
  ["x.com:a/y", "invalid reference format"],
  ["docker.io/", "invalid reference format"],
  ["localhost:5000/", "invalid reference format"],
  [hex, "cannot specify 64-byte hexadecimal strings"],
  ["alpine@", "invalid reference format"],
  ["alpine@sha256", "invalid reference format"],
  ["alpine@sha256:abc", "invalid reference format"],
  [`alpine@sha256:${"a".repeat(40)}`, "invalid checksum digest length"],
  [`alpine@sha256:${"A".repeat(64)}`, "invalid checksum digest format"],
  [`alpine@sha512:${"a".repeat(128)}`, "unsupported digest algorithm"],
  [`alpine@${d}:tag`, "invalid reference format"],
  [`a@${d}@${d}`, "invalid reference format"],
  [`x/${"n".repeat(254)}`, "must not be more than 255 characters"],
  ["x".repeat(5000), "invalid reference format"],
  ["[::1/app", "invalid reference format"],
  ["$HOME", "must be lowercase"],
  ["a;rm", "invalid reference format"],
];

describe("parseReference()", () => {
  test("has a table worth its name", () => expect(valid.length + invalid.length).toBeGreaterThanOrEqual(80));

  test.each(valid)("normalises %p", (typed, canonical, familiar) => {
    const reference = withDefaultTag(parseReference(typed));
    expect(canonicalName(reference)).toBe(canonical);
    expect(familiarName(reference)).toBe(familiar);
    expect(withDefaultTag(parseReference(canonical))).toEqual(reference);
    expect(withDefaultTag(parseReference(familiar))).toEqual(reference);
  });

  test.each(invalid)("refuses %p", (typed, message) => {
    expect(() => parseReference(typed)).toThrow(message);
  });
});

test("withTag() replaces tag and digest, and refuses a bad tag", () => {
  expect(familiarName(withTag(parseReference(`a:1@${d}`), "2"))).toBe("a:2");
  expect(() => withTag(parseReference("a"), "-")).toThrow("invalid tag format");
});

test("familiarRepository() drops tag, digest and the default parts", () => {
  expect(familiarRepository(parseReference(`docker.io/library/a:1@${d}`))).toBe("a");
});
