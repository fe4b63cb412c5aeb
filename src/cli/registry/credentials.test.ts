import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authHeader, credentialsFor, hubAddress, registryOf } from "./credentials.ts";
import { readDockerConfig, writeDockerConfig } from "./docker-config.ts";
import { askHelper, eraseInHelper, storeInHelper } from "./helper.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hbx-config-"));
  mkdirSync(join(directory, "bin"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const env = () => ({ DOCKER_CONFIG: directory, PATH: `${directory}/bin:/usr/bin:/bin` });
const write = (config: unknown) => writeFileSync(join(directory, "config.json"), JSON.stringify(config));
const basic = (text: string) => Buffer.from(text).toString("base64");

/** A helper that keeps what it is given in a file, and notes how it was called. */
function installHelper(name: string): void {
  const program = join(directory, "bin", `docker-credential-${name}`);
  writeFileSync(
    program,
    `#!/bin/sh
echo "$@" >> ${directory}/called
case "$1" in
  store) cat > ${directory}/kept ;;
  get) [ -f ${directory}/kept ] && cat ${directory}/kept || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) rm ${directory}/kept ;;
esac
`,
  );
  chmodSync(program, 0o755);
}

test("registryOf() finds the registry of a name as references do", () => {
  const names = ["alpine", "a/b:1", "docker.io/a", "localhost/a", "ghcr.io/a/b@sha256:x", "host:5000/a", "Host/a"];
  expect(names.map(registryOf)).toEqual([
    hubAddress,
    hubAddress,
    hubAddress,
    "localhost",
    "ghcr.io",
    "host:5000",
    "Host",
  ]);
});

test("credentialsFor() reads auths, whatever form their keys have", async () => {
  write({
    auths: {
      [hubAddress]: { auth: basic("me:pass:word") },
      "https://ghcr.io/v2/": { auth: basic("you:x"), identitytoken: "t" },
      "host:5000": { username: "a", password: "b" },
      "empty.io": {},
    },
  });
  expect(await credentialsFor(env(), hubAddress)).toEqual({
    username: "me",
    password: "pass:word",
    serveraddress: hubAddress,
  });
  expect(await credentialsFor(env(), "ghcr.io")).toMatchObject({ username: "you", identitytoken: "t" });
  expect(await credentialsFor(env(), "host:5000")).toMatchObject({ username: "a", password: "b" });
  expect(await credentialsFor(env(), "empty.io")).toBeNull();
  expect(await credentialsFor(env(), "other.io")).toBeNull();
  const header = await authHeader(env(), "alpine");
  expect(JSON.parse(Buffer.from(header["X-Registry-Auth"] ?? "", "base64url").toString())).toMatchObject({
    username: "me",
  });
  expect(await authHeader(env(), "other.io/x")).toEqual({});
});

test("credentialsFor() asks the registry's own helper, then the store, then auths", async () => {
  installHelper("one");
  await storeInHelper(env(), "one", "ghcr.io", { Username: "<token>", Secret: "refresh" });
  write({ credHelpers: { "ghcr.io": "one" }, auths: { "other.io": { auth: basic("a:b") } } });
  expect(await credentialsFor(env(), "ghcr.io")).toEqual({ identitytoken: "refresh", serveraddress: "ghcr.io" });
  expect(await credentialsFor(env(), "other.io")).toMatchObject({ username: "a" });
  write({ credsStore: "one" });
  expect(await credentialsFor(env(), "x.io")).toEqual({ identitytoken: "refresh", serveraddress: "x.io" });
  await eraseInHelper(env(), "one", "ghcr.io");
  expect(await askHelper(env(), "one", "ghcr.io")).toBeNull();
});

test("helpers get secrets by standard input only", async () => {
  installHelper("one");
  await storeInHelper(env(), "one", "ghcr.io", { Username: "u", Secret: "very-secret" });
  await askHelper(env(), "one", "ghcr.io");
  expect(readFileSync(join(directory, "called"), "utf8")).toBe("store\nget\n");
});

test("a helper that is missing or is no name is one clear error", async () => {
  await expect(askHelper(env(), "absent", "x")).rejects.toThrow(
    "Cannot use the credential helper docker-credential-absent",
  );
  await expect(askHelper(env(), "../sh", "x")).rejects.toThrow("it is no name");
});

test("writeDockerConfig() keeps what it does not know, and everybody else out", () => {
  write({ detachKeys: "ctrl-x", auths: {} });
  writeDockerConfig(env(), { ...readDockerConfig(env()), credsStore: "x" });
  expect(readDockerConfig(env())).toEqual({ detachKeys: "ctrl-x", auths: {}, credsStore: "x" } as never);
  expect(statSync(join(directory, "config.json")).mode & 0o777).toBe(0o600);
  writeFileSync(join(directory, "config.json"), '{"auths":{"a":{"auth":"c2VjcmV0');
  expect(() => readDockerConfig(env())).toThrow(/^Cannot read .*config.json: it is not a JSON object$/);
});
