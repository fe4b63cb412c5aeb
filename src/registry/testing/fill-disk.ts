/** A program that a test runs on a disk of six megabytes: what a registry says when that is full. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failure, openTestRegistry, pushBlob, pushManifest, sha256, someBytes } from "./open-test-registry.ts";

const registry = await openTestRegistry({}, process.argv[2]);
const big = someBytes(8_000_000);
const whole = await failure(await registry.call("POST", `/v2/a/blobs/uploads/?digest=${sha256(big)}`, { body: big }));

const place = (await registry.call("POST", "/v2/a/blobs/uploads/")).headers.get("location") ?? "";
await registry.call("PATCH", place, { body: big.slice(0, 1_000_000) });
const chunk = await failure(await registry.call("PATCH", place, { body: big.slice(1_000_000) }));
const stands = (await registry.call("GET", place)).headers.get("range");
await registry.call("DELETE", place);

const config = await pushBlob(registry, "a", new TextEncoder().encode("{}") as Uint8Array<ArrayBuffer>);
const filler = join(registry.home, "filler");
try {
  for (;;) writeFileSync(filler, someBytes(4096), { flag: "a" });
} catch {
  // full
}
const text = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: "application/x", digest: config, size: 2 },
  layers: [],
  annotations: { a: "x".repeat(100_000) },
});
const headers = { "Content-Type": "application/vnd.oci.image.manifest.v1+json" };
const manifest = await failure(await registry.call("PUT", "/v2/a/manifests/v1", { body: text, headers }));
writeFileSync(filler, "");
const { answer } = await pushManifest(registry, "a", "v1");
const uploads = readdirSync(join(registry.home, "registry/uploads")).length;
console.log(JSON.stringify({ whole, chunk, stands, manifest, afterwards: answer.status, uploads }));
process.exit(0);
