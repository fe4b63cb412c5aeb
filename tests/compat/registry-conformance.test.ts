/**
 * The official conformance suite of the OCI distribution specification against `hbx registry serve`, with every workflow on.
 * `HYPERBOX_OCI_CONFORMANCE` names its test binaries, one or more, with colons between; without it the case is skipped and counted.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTestHome, type TestHome } from "../support/home.ts";
import { type ServedRegistry, serveRegistry } from "../support/registry.ts";

const suites = (process.env.HYPERBOX_OCI_CONFORMANCE ?? "").split(":").filter((path) => path !== "");
if (suites.length === 0)
  console.log(
    "compat: HYPERBOX_OCI_CONFORMANCE names no conformance suite of the distribution specification, it is skipped",
  );

let home: TestHome;
let registry: ServedRegistry;
let dir: string;
beforeAll(async () => {
  if (suites.length === 0) return;
  dir = mkdtempSync(join(tmpdir(), "hbx-conformance-"));
  home = await openTestHome({ image: false });
  registry = await serveRegistry(home);
});
afterAll(async () => {
  if (suites.length === 0) return;
  await home[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

/** Both the names of releases up to 1.1 and those of later versions. */
const environment = (name: string) => ({
  ...process.env,
  OCI_ROOT_URL: registry.url,
  OCI_NAMESPACE: `${name}/one`,
  OCI_CROSSMOUNT_NAMESPACE: `${name}/two`,
  OCI_AUTOMATIC_CROSSMOUNT: "1",
  OCI_TEST_PULL: "1",
  OCI_TEST_PUSH: "1",
  OCI_TEST_CONTENT_DISCOVERY: "1",
  OCI_TEST_CONTENT_MANAGEMENT: "1",
  OCI_REPORT_DIR: join(dir, name),
  OCI_RESULTS_DIR: join(dir, name),
  OCI_REGISTRY: registry.host,
  OCI_TLS: "disabled",
  OCI_API_BLOBS_DIGEST_HEADER: "true",
  OCI_API_BLOBS_UPLOAD_CANCEL: "true",
  OCI_API_MANIFESTS_DIGEST_HEADER: "true",
  OCI_API_MANIFESTS_TAG_PARAM: "true",
});

describe.skipIf(suites.length === 0)("the distribution specification's conformance suite", () => {
  for (const [at, path] of (suites.length === 0 ? ["absent"] : suites).entries())
    test(`${path} passes`, async () => {
      const child = Bun.spawn([path, "-test.v"], {
        cwd: dir,
        env: environment(`suite${at}`),
        stdout: "pipe",
        stderr: "pipe",
      });
      const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the suite colours its summary
      const text = out.replace(/\x1b\[[0-9;]*m/g, "");
      const summary = /(\d+) Passed \| (\d+) Failed/.exec(text) ?? /FAIL\.+: +(\d+)/.exec(text);
      console.log(`conformance: ${summary?.[0] ?? text.slice(-2000)}`);
      expect(code).toBe(0);
      expect(Number(summary?.at(-1))).toBe(0);
      if (summary?.length === 2) expect(Number(/Pass\.+: +(\d+)/.exec(text)?.[1])).toBeGreaterThan(500);
      else expect(Number(summary?.[1])).toBeGreaterThan(70);
    }, 120_000);
});
