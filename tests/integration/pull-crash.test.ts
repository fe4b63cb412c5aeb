/** kill -9 of the daemon at any point of a pull: the store verifies afterwards, and the pull succeeds at last. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { addImage, noise } from "../../src/images/registry/testing/pull-from.ts";
import { openTestRegistry } from "../../src/images/registry/testing/test-registry.ts";
import { openTestHome, type TestHome } from "../support/home.ts";

const points = Number(process.env["HBX_CRASH_POINTS"] ?? 40);

async function damaged(at: TestHome): Promise<unknown> {
  const { json } = await at.api.ok("POST", "/hbx/v1/images/verify?all=1");
  return (json as { damaged: unknown }).damaged;
}

async function pull(at: TestHome, name: string): Promise<string> {
  const [image, tag] = [name.slice(0, name.lastIndexOf(":")), name.slice(name.lastIndexOf(":") + 1)];
  return (await at.api.call("POST", `/images/create?fromImage=${image}&tag=${tag}`)).text;
}

test(
  `a pull survives kill -9 of the daemon at ${points} points`,
  async () => {
    await using registry = await openTestRegistry();
    await using at = await openTestHome({ image: false });
    const trees = [1, 2, 3, 4].map((seed) => ({ [`f${seed}`]: noise(3_000_000, seed), [`d${seed}/x`]: `${seed}` }));
    const { digest } = addImage(registry, trees, { tags: ["1"], compression: "none" });
    const name = `${registry.host}/crash:1`;
    const began = performance.now();
    expect(await pull(at, name)).toContain(digest);
    const wholeMs = performance.now() - began;
    await at.api.ok("DELETE", `/images/${name}?force=1`);
    let interrupted = 0;
    for (let point = 0; point < points; point++) {
      const pulling = pull(at, name).catch(() => "");
      await Bun.sleep((wholeMs * (point + Math.random())) / points); // the point itself, not a wait for anything
      await at.kill("SIGKILL");
      if (!(await pulling).includes("Downloaded newer image")) interrupted++;
      await at.start();
      expect(await damaged(at)).toEqual([]);
      expect(readdirSync(join(at.home, "blobs/drafts"))).toEqual([]);
      const images = (await at.api.ok("GET", "/images/json")).json as { Id: string }[];
      if (images.length > 0) await at.api.ok("DELETE", `/images/${images[0]?.Id}?force=1`);
    }
    expect(interrupted).toBeGreaterThan(points / 4);
    expect(await pull(at, name)).toContain(digest);
    expect(await damaged(at)).toEqual([]);
    expect(readdirSync(join(at.home, "blobs/partial"))).toEqual([]);
  },
  300_000 + points * 5000,
);
