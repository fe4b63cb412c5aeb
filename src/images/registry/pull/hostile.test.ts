/** Registries that lie, stall, refuse and redirect: one clear error, nothing kept, and the next try with an honest one succeeds. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { TestImages } from "../../testing/open-test-images.ts";
import { addImage, noise, openPullHome, type PushedImage, pullFrom } from "../testing/pull-from.ts";
import { type Exchange, openTestRegistry, type TestRegistry } from "../testing/test-registry.ts";

type Misbehave = (registry: TestRegistry, image: PushedImage, exchange: Exchange) => boolean | Promise<boolean>;

const isLayer = ({ path, method }: Exchange, { layers }: PushedImage) =>
  method === "GET" && path.endsWith(layers[0]?.digest ?? "");
const isManifest = ({ path, method }: Exchange) => method === "GET" && path.includes("/manifests/");
const layerOf = ({ blobs }: TestRegistry, { layers }: PushedImage) =>
  blobs.get(layers[0]?.digest ?? "") ?? Buffer.alloc(0);

const cases: [string, Misbehave, RegExp][] = [
  ["stalls before it answers", (_registry, _image, exchange) => isManifest(exchange), /nothing came for 0 s/],
  [
    "stalls in the middle of a layer",
    (registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      exchange.response.writeHead(200, { "Content-Length": layerOf(registry, image).byteLength });
      exchange.response.write(layerOf(registry, image).subarray(0, 1000));
      return true;
    },
    /nothing came for 0 s/,
  ],
  [
    "sends a layer's bytes with one of them changed",
    (registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      const bytes = Buffer.from(layerOf(registry, image));
      bytes[700_000] = (bytes[700_000] ?? 0) ^ 1;
      exchange.response.end(bytes);
      return true;
    },
    /its digest is sha256:/,
  ],
  [
    "sends another layer of the same length",
    (registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      exchange.response.end(noise(layerOf(registry, image).byteLength, 9));
      return true;
    },
    /Cannot (pull|accept)|Cannot unpack/,
  ],
  [
    "ends a layer early",
    (registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      exchange.response.writeHead(200, { "Content-Length": layerOf(registry, image).byteLength });
      exchange.response.write(layerOf(registry, image).subarray(0, 1000), () => exchange.request.socket.destroy());
      return true;
    },
    /Cannot reach|ended \d+ bytes early/,
  ],
  [
    "ends a layer early without saying how long it is",
    (registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      exchange.response.write(layerOf(registry, image).subarray(0, 1000));
      exchange.response.end();
      return true;
    },
    /ended \d+ bytes early|Cannot use the part/,
  ],
  [
    "announces another length than the manifest",
    (registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      exchange.response.end(layerOf(registry, image).subarray(0, 1000));
      return true;
    },
    /it has 1000 bytes, but its manifest says/,
  ],
  [
    "sends more than the manifest says",
    (registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      exchange.response.write(layerOf(registry, image));
      exchange.response.end("more");
      return true;
    },
    /goes on beyond its \d+ bytes/,
  ],
  [
    "answers a manifest with an HTML page",
    (_registry, _image, exchange) => {
      if (!isManifest(exchange)) return false;
      exchange.response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      exchange.response.end("<html>Please log in</html>");
      return true;
    },
    /it is an HTML page/,
  ],
  [
    "answers a layer with an HTML page",
    (_registry, image, exchange) => {
      if (!isLayer(exchange, image)) return false;
      exchange.response.writeHead(200, { "Content-Type": "text/html" });
      exchange.response.end("<html>Please log in</html>");
      return true;
    },
    /it is an HTML page/,
  ],
  [
    "sends a manifest of 5 MB",
    (_registry, _image, exchange) => {
      if (!isManifest(exchange)) return false;
      exchange.response.end(Buffer.alloc(5 * 1024 * 1024, " "));
      return true;
    },
    /larger than 4194304 bytes/,
  ],
  [
    "sends another manifest than its header says",
    (registry, image, exchange) => {
      if (!isManifest(exchange)) return false;
      const { bytes, type } = registry.manifests.get(image.digest) ?? { bytes: Buffer.alloc(0), type: "" };
      exchange.response.writeHead(200, { "Content-Type": type, "Docker-Content-Digest": `sha256:${"1".repeat(64)}` });
      exchange.response.end(bytes);
      return true;
    },
    /its digest is sha256:/,
  ],
  [
    "redirects for ever",
    (_registry, _image, exchange) => {
      if (!isManifest(exchange)) return false;
      exchange.response.writeHead(307, { Location: exchange.request.url ?? "" }).end();
      return true;
    },
    /redirects more than 8 times/,
  ],
  [
    "redirects to a file",
    (_registry, _image, exchange) => {
      if (!isManifest(exchange)) return false;
      exchange.response.writeHead(307, { Location: "file:///etc/shadow" }).end();
      return true;
    },
    /which is no http address/,
  ],
  [
    "fails again and again",
    (_registry, _image, exchange) => {
      if (!isManifest(exchange)) return false;
      exchange.response.writeHead(503).end();
      return true;
    },
    /status 503/,
  ],
  [
    "has too many requests",
    (_registry, _image, exchange) => {
      if (!isManifest(exchange)) return false;
      exchange.response.writeHead(429, { "Retry-After": "3600" }).end();
      return true;
    },
    /toomanyrequests: .* it asks to wait 3600 s/,
  ],
  [
    "wants a password by a challenge that nobody can read",
    (_registry, _image, exchange) => {
      exchange.response.writeHead(401, { "WWW-Authenticate": '"""' }).end();
      return true;
    },
    /status 401 without a challenge/,
  ],
];

test.each(cases)("a registry that %s", async (_title, misbehave, message) => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  const image = addImage(registry, [{ noise: noise(900_000) }, { second: "x" }], { compression: "none" });
  registry.before = (exchange) => misbehave(registry, image, exchange);
  await expect(pullFrom(at, { name: `${registry.host}/a` })).rejects.toThrow(message);
  expect(at.images.store.list()).toEqual([]);
  expect(at.images.store.table.images()).toEqual([]);
  registry.before = () => false;
  await pullFrom(at, { name: `${registry.host}/a` });
  expect(leftovers(at)).toEqual([]);
});

function leftovers(at: TestImages): string[] {
  return ["blobs/drafts", "blobs/partial", "layers/drafts"].flatMap((directory) =>
    readdirSync(join(at.home, directory)),
  );
}

const lies: [string, (start: number, end: number, size: number) => string][] = [
  ["of another beginning", (_start, end, size) => `bytes 0-${end - 1}/${size}`],
  ["of another end", (start, end, size) => `bytes ${start}-${end}/${size}`],
  ["of another size", (start, end, size) => `bytes ${start}-${end - 1}/${size + 1}`],
  ["that cannot be read", () => "bytes all"],
];

test.each(lies)("parts %s are seen, and the whole is fetched instead", async (_title, header) => {
  await using registry = await openTestRegistry();
  using at = openPullHome({ stallMs: 5000 });
  const image = addImage(registry, [{ noise: noise(17 * 1024 * 1024) }], { compression: "none" });
  const bytes = layerOf(registry, image);
  let parts = 0;
  registry.before = (exchange) => {
    const match = /^bytes=(\d+)-(\d+)$/.exec(exchange.request.headers.range ?? "");
    if (!isLayer(exchange, image) || !match) return false;
    const [start, end] = [Number(match[1]), Number(match[2]) + 1];
    if (parts++ === 0) return false; // honest at first
    exchange.response.writeHead(206, { "Content-Range": header(start, end, bytes.byteLength) });
    exchange.response.end(bytes.subarray(start, end));
    return true;
  };
  await pullFrom(at, { name: `${registry.host}/a` });
  expect(parts).toBeGreaterThan(1);
  expect(
    registry.seen.filter(({ path, range }) => path.endsWith(image.layers[0]?.digest ?? "") && range === "").length,
  ).toBe(1);
  expect(leftovers(at)).toEqual([]);
});

test("parts with the right range and wrong bytes are refused by their digest", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome({ stallMs: 5000 });
  const image = addImage(registry, [{ noise: noise(17 * 1024 * 1024) }], { compression: "none" });
  registry.before = (exchange) => {
    if (isLayer(exchange, image) && exchange.request.headers.range) {
      const match = /^bytes=(\d+)-(\d+)$/.exec(exchange.request.headers.range);
      const [start, end] = [Number(match?.[1]), Number(match?.[2]) + 1];
      exchange.response.writeHead(206, {
        "Content-Range": `bytes ${start}-${end - 1}/${layerOf(registry, image).byteLength}`,
      });
      exchange.response.end(noise(end - start, 5));
      return true;
    }
    return false;
  };
  await expect(pullFrom(at, { name: `${registry.host}/a` })).rejects.toThrow(/digest|Cannot/);
  expect(at.images.store.list()).toEqual([]);
  expect(leftovers(at)).toEqual([]);
});

test("what an earlier try left damaged on disk is fetched anew", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  const image = addImage(registry, [{ noise: noise(900_000) }], { compression: "none" });
  const [layer] = image.layers;
  await at.images.registries();
  const name = join(at.home, "blobs/partial", layer?.digest.slice(7) ?? "");
  await Bun.write(name, noise(layer?.size ?? 0, 7));
  await Bun.write(`${name}.parts`, `${layer?.size}\n0-500000`);
  await pullFrom(at, { name: `${registry.host}/a` });
  expect(at.images.store.list().length).toBe(1);
  expect(leftovers(at)).toEqual([]);
});

test("a 429 is waited for as long as it asks", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }]);
  let refusedMs = 0;
  registry.before = ({ response }) => {
    if (refusedMs > 0) return false;
    refusedMs = performance.now();
    response.writeHead(429, { "Retry-After": "1" }).end();
    return true;
  };
  await pullFrom(at, { name: `${registry.host}/a` });
  expect(performance.now() - refusedMs).toBeGreaterThan(990);
});

test("the network's failures are tried again", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }]);
  const broken = new Map<string, number>();
  registry.before = ({ path, request }) => {
    const times = broken.get(path) ?? 0;
    broken.set(path, times + 1);
    if (times >= 2) return false;
    request.socket.destroy();
    return true;
  };
  await pullFrom(at, { name: `${registry.host}/a` });
  expect([...broken.values()].every((times) => times >= 3)).toBe(true);
});

test("a full disk is told, gives its space back, and the next try succeeds", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ noise: noise(900_000) }], { compression: "none" });
  at.jobs.before = (type) => {
    if (type === "unpack") throw Object.assign(new Error("write failed"), { code: "ENOSPC" });
  };
  await expect(pullFrom(at, { name: `${registry.host}/a` })).rejects.toThrow("no space left on the disk");
  expect(leftovers(at)).toEqual([]);
  at.jobs.before = () => undefined;
  await pullFrom(at, { name: `${registry.host}/a` });
  expect(at.images.store.list().length).toBe(1);
});
