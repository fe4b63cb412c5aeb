/** Both forms of layers on disk: what they hold, how they change into each other, and what accidents leave of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createContainer, runContainer, sh } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { dockerArchive, sha256 } from "../support/images.ts";
import { createRandom } from "../support/random.ts";
import { member, tarOf } from "../support/tar.ts";

type Verified = { layers: number; objects: number; damaged: { what: string; reason: string; mended: boolean }[] };

const busybox = readFileSync("/bin/busybox");
const base = tarOf([
  member("bin/busybox", busybox, { mode: 0o755 }),
  ...["sh", "cat", "ls", "true", "id", "stat"].map((name) => member(`bin/${name}`, "", { type: "2", link: "busybox" })),
  member("etc/motd", "from the base\n"),
]);
const load = async (home: TestHome, archive: Uint8Array): Promise<string> =>
  (await home.api.upload("POST", "/images/load", archive as Uint8Array<ArrayBuffer>)).text;
const verify = async (home: TestHome, query = "all=1"): Promise<Verified> =>
  (await home.api.ok("POST", `/hbx/v1/images/verify?${query}`)).json as Verified;
const driverOf = async (home: TestHome) => ((await home.api.ok("GET", "/info")).json as { Driver: string }).Driver;
const diskOf = (path: string) => Number(execFileSync("du", ["-sk", path], { encoding: "utf8" }).split("\t")[0]);
const setDriver = (home: TestHome, storageDriver: string) =>
  writeFileSync(join(home.home, "config.json"), JSON.stringify({ storageDriver }));

/** "LENGTH KEY=VALUE\n", where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = [2, 3].map((digits) => rest.length + digits).find((sum, at) => String(sum).length === at + 2);
  return `${length}${rest}`;
}

/** Whether this host can start from EROFS is the daemon's own finding: there it is not tested where it is not used. */
const probe = await openTestHome({ image: false });
const canErofs = (await driverOf(probe)) === "erofs";
await probe[Symbol.asyncDispose]();

describe.each(["erofs", "overlayfs"] as const)("layers as %s", (storageDriver) => {
  const possible = storageDriver === "overlayfs" || canErofs;
  let home: TestHome;
  beforeAll(async () => {
    if (possible) home = await openTestHome({ config: { storageDriver }, image: false });
  });
  afterAll(async () => {
    if (possible) await home[Symbol.asyncDispose]();
  });

  test.skipIf(!possible)(
    "files replaced and removed by upper layers are so in the container, in diff and in export",
    async () => {
      const upper = tarOf([
        member("etc/.wh.motd", ""),
        member("etc/os", "new\n"),
        member("srv/a", "a\n", { mode: 0o640 }),
      ]);
      expect(await load(home, dockerArchive("two:1", [base, upper]))).toContain("Loaded image: two:1");
      const seen = await sh(home.api, "ls /etc; cat /srv/a; stat -c %a /srv/a; echo b >>/srv/a; cat /srv/a", {
        Image: "two:1",
      });
      expect(seen.stdout).toContain("os\n");
      expect(seen.stdout).not.toContain("motd");
      expect(seen.stdout).toContain("a\n640\na\nb\n");
      const { id } = await runContainer(
        home.api,
        ["sh", "-c", "echo c >>/srv/a; rm /etc/os"],
        { Image: "two:1" },
        true,
      );
      const changes = (await home.api.ok("GET", `/containers/${id}/changes`)).json as { Path: string; Kind: number }[];
      expect(
        changes.filter(({ Path }) => /srv\/a|etc\/os/.test(Path)).map(({ Path, Kind }) => `${Kind} ${Path}`),
      ).toEqual(["2 /etc/os", "0 /srv/a"]);
      const committed = (await home.api.ok("POST", `/commit?container=${id}&repo=three`)).json as { Id: string };
      expect((await sh(home.api, "cat /srv/a; ls /etc/os", { Image: committed.Id })).stdout).toBe("a\nc\n");
      await home.api.ok("DELETE", `/containers/${id}`);
      expect(await verify(home)).toMatchObject({ damaged: [] });
    },
  );

  test.skipIf(!possible)("an image of sixty layers starts from all of them", async () => {
    const layers = Array.from({ length: 60 }, (_, at) =>
      tarOf([member(`layers/${at}`, `${at}\n`), member("top", `${at}\n`)]),
    );
    await load(home, dockerArchive("sixty:1", [base, ...layers]));
    const { stdout } = await sh(home.api, "ls /layers | busybox wc -l; cat /top /layers/0", { Image: "sixty:1" });
    expect(stdout.trim().split(/\s+/)).toEqual(["60", "59", "0"]);
  });

  test.skipIf(!possible)("a layer that says it is overlayfs's own gets no other image's content", async () => {
    const object = sha256(busybox);
    const claims = { metacopy: "", redirect: `/${object.slice(0, 2)}/${object.slice(2)}` };
    const records = Object.entries(claims).map(([key, value]) =>
      paxRecord(`SCHILY.xattr.trusted.overlay.${key}`, value),
    );
    const thief = tarOf([member("PaxHeaders/stolen", records.join(""), { type: "x" }), member("stolen", "mine")]);
    await load(home, dockerArchive("thief:1", [base, thief]));
    expect((await sh(home.api, "cat /stolen", { Image: "thief:1" })).stdout).toBe("mine");
    expect(await verify(home)).toMatchObject({ damaged: [] });
  });

  test.skipIf(!possible)("two loads of one image at once both succeed", async () => {
    const big = tarOf([member("big", Buffer.alloc(3 << 20, "two"))]);
    const archive = dockerArchive("twice:1", [base, big]);
    const answers = await Promise.all([load(home, archive), load(home, archive)]);
    expect(answers.map((text) => text.includes("Loaded image: twice:1"))).toEqual([true, true]);
    expect(await verify(home)).toMatchObject({ damaged: [] });
  });

  test.skipIf(!possible)(
    "collections that race with loads take nothing away and leave nothing over",
    async () => {
      const random = createRandom("collections", 20261121);
      const one = async (n: number) => {
        const own = tarOf([
          member("own", `${n} ${random.below(1_000_000)}`),
          member("shared", Buffer.alloc(100_000, "s")),
        ]);
        expect(await load(home, dockerArchive(`race:${n}`, [base, own]))).toContain(`Loaded image: race:${n}`);
        await home.api.ok("DELETE", `/images/race:${n}`);
      };
      const lanes = [0, 1, 2].map(async (lane) => {
        for (let n = 0; n < 8; n++) await one(lane * 100 + n);
      });
      const prunes = (async () => {
        for (let n = 0; n < 10; n++) await home.api.ok("POST", "/images/prune");
      })();
      await Promise.all([...lanes, prunes]);
      expect(await verify(home)).toMatchObject({ damaged: [] });
      expect((await sh(home.api, "cat /etc/motd", { Image: "twice:1" })).stdout).toBe("from the base\n");
    },
    60_000,
  );

  test.skipIf(!possible)(
    "a kill at any moment of a load leaves a store that verifies, and the load succeeds then",
    async () => {
      const random = createRandom("kills", 7);
      for (let round = 0; round < Number(process.env["HBX_TEST_KILLS"] ?? 6); round++) {
        const name = `killed:${round}`;
        const files = Array.from({ length: 50 }, (_, at) => member(`f/${at}`, Buffer.alloc(20_000, `${round} ${at} `)));
        const archive = dockerArchive(name, [base, tarOf(files)]);
        const loading = load(home, archive).catch(() => "broken off");
        await Promise.race([loading, Bun.sleep(random.below(60))]); // any moment will do
        await home.kill("SIGKILL");
        await loading;
        await home.start();
        expect(await verify(home)).toMatchObject({ damaged: [] });
        expect(await load(home, archive)).toContain(`Loaded image: ${name}`);
        expect((await sh(home.api, "ls /f | busybox wc -l", { Image: name })).stdout.trim()).toBe("50");
        await home.api.ok("DELETE", `/images/${name}`);
      }
      await home.kill();
      await home.start();
      const left = ["blobs/drafts", "layers/drafts", "files/drafts"].flatMap((path) => {
        try {
          return readdirSync(join(home.home, path));
        } catch {
          return [];
        }
      });
      expect(left).toEqual([]);
    },
    120_000,
  );
});

describe.skipIf(!canErofs)("the file-level store", () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await openTestHome({ image: false });
  });
  afterAll(async () => await home[Symbol.asyncDispose]());

  test("keeps no blob of plain layers, and gives them back bit by bit", async () => {
    const archive = dockerArchive("plain:1", [base]);
    await load(home, archive);
    expect(readdirSync(join(home.home, "blobs/sha256"))).toHaveLength(1); // the configuration
    const saved = Buffer.from(await (await home.api.stream("/images/plain:1/get")).arrayBuffer());
    expect(saved.includes(Buffer.from(base))).toBe(true);
  });

  test("a rebuilt base of the same files and a small layer more cost little", async () => {
    const files = Array.from(
      { length: 1500 },
      (_, at) => [`usr/${at % 40}/${at}`, Buffer.alloc(20_000 + at, `${at} `)] as const,
    );
    const built = (mode: number) => tarOf(files.map(([name, content]) => member(name, content, { mode })));
    await load(home, dockerArchive("first:1", [base, built(0o644)]));
    const before = diskOf(home.home);
    await load(home, dockerArchive("first:2", [base, built(0o600), tarOf([member("small", "s")])]));
    const share = (diskOf(home.home) - before) / before;
    expect(share).toBeLessThan(0.04);
    expect((await sh(home.api, "stat -c %a /usr/1/1; cat /small", { Image: "first:2" })).stdout).toBe("600\ns");
    expect((await sh(home.api, "stat -c %a /usr/1/1", { Image: "first:1" })).stdout).toBe("644\n");
  }, 60_000);

  test("system df counts what images share once, and what can be had back", async () => {
    type Usage = {
      LayersSize: number;
      ImagesReclaimable: number;
      Images: { RepoTags: string[]; Size: number; SharedSize: number }[];
    };
    const usage = async () => (await home.api.ok("GET", "/system/df?type=image")).json as Usage;
    const own = (at: number) => tarOf([member("own", Buffer.alloc((at + 1) << 20, `own ${at} `))]);
    for (const at of [0, 1]) await load(home, dockerArchive(`df:${at}`, [base, own(at)]));
    const { LayersSize, Images, ImagesReclaimable } = await usage();
    const image = (name: string) =>
      Images.find(({ RepoTags }) => RepoTags.includes(name)) ?? { Size: 0, SharedSize: 0 };
    const shared = busybox.byteLength;
    for (const at of [0, 1]) {
      const { Size, SharedSize } = image(`df:${at}`);
      expect(Math.abs(Size - SharedSize - ((at + 1) << 20))).toBeLessThan(20_000);
      expect(Math.abs(SharedSize - shared)).toBeLessThan(20_000);
    }
    const measured = diskOf(join(home.home, "files/objects")) * 1024;
    expect(Math.abs(LayersSize - measured) / measured).toBeLessThan(0.1);
    expect(ImagesReclaimable).toBeGreaterThan(3 << 20);
    const id = await createContainer(home.api, ["true"], { Image: "df:1" });
    const used = await usage();
    expect(ImagesReclaimable - used.ImagesReclaimable).toBeGreaterThan((2 << 20) + shared - 40_000);
    await home.api.ok("DELETE", `/containers/${id}`);
    for (const at of [0, 1]) await home.api.ok("DELETE", `/images/df:${at}`);
  });

  test("prune gives the disk back what only the pruned image had", async () => {
    const own = Buffer.alloc(8 << 20, "mine alone ");
    await load(home, dockerArchive("heavy:1", [base, tarOf([member("own", own)])]));
    await home.api.ok("POST", "/images/heavy:1/tag?repo=keep");
    await home.api.ok("DELETE", "/images/keep");
    const before = diskOf(home.home);
    const filters = encodeURIComponent(JSON.stringify({ dangling: ["false"], reference: ["heavy"] }));
    const refused = await home.api.call("POST", `/images/prune?filters=${filters}`);
    expect(refused.status).toBe(400); // prune knows no reference
    await home.api.ok("POST", "/containers/create", { Image: "plain:1", Cmd: ["true"] });
    const all = encodeURIComponent(JSON.stringify({ dangling: ["false"] }));
    const { SpaceReclaimed } = (await home.api.ok("POST", `/images/prune?filters=${all}`)).json as {
      SpaceReclaimed: number;
    };
    expect(SpaceReclaimed).toBeGreaterThan(8 << 20);
    expect(before - diskOf(home.home)).toBeGreaterThan(8 << 10);
    expect((await sh(home.api, "cat /etc/motd", { Image: "plain:1" })).stdout).toBe("from the base\n");
  }, 60_000);

  test("verify finds a changed object and a changed image; mending takes them away and a load brings them back", async () => {
    const archive = dockerArchive("plain:1", [base]);
    const objects = join(home.home, "files/objects");
    const [folder = ""] = readdirSync(objects).filter((name) => readdirSync(join(objects, name)).length > 0);
    const [name = ""] = readdirSync(join(objects, folder));
    const path = join(objects, folder, name);
    writeFileSync(path, Buffer.from(readFileSync(path)).fill(0, 10, 20));
    expect((await verify(home)).damaged).toMatchObject([{ what: "object", reason: "content", mended: false }]);
    expect((await verify(home, "all=1&mend=1")).damaged).toMatchObject([{ what: "object", mended: false }]);
    await load(home, archive);
    expect((await verify(home)).damaged).toEqual([]);

    const images = join(home.home, "files/images");
    const [image = ""] = readdirSync(images).filter((entry) => entry.endsWith(".erofs"));
    const bytes = readFileSync(join(images, image));
    bytes[bytes.byteLength - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(join(images, image), bytes);
    expect((await verify(home)).damaged).toMatchObject([{ what: "image", reason: "content" }]);
    expect((await verify(home, "all=1&mend=1")).damaged).toMatchObject([{ what: "image", mended: true }]);
    expect((await verify(home)).damaged).toEqual([]);
    expect((await sh(home.api, "cat /etc/motd", { Image: "plain:1" })).stdout).toBe("from the base\n");
  }, 60_000);

  test("images and containers go on in the other form and back", async () => {
    await load(home, dockerArchive("both:1", [base, tarOf([member("srv/a", "a\n")])]));
    const id = await createContainer(home.api, ["sh", "-c", "cat /srv/a /mine; echo mine >>/mine"], {
      Image: "both:1",
    });
    const run = async () => {
      const stream = await home.api.hijack(`/containers/${id}/attach?stream=1&stdout=1`);
      await home.api.ok("POST", `/containers/${id}/start`);
      const { stdout } = await stream.rest();
      await home.api.ok("POST", `/containers/${id}/wait`);
      return stdout;
    };
    expect(await run()).toBe("a\n");
    for (const [driver, lines] of [
      ["overlayfs", 1],
      ["erofs", 2],
      ["auto", 3],
    ] as const) {
      await home.kill();
      setDriver(home, driver);
      await home.start();
      expect(await driverOf(home)).toBe(driver === "auto" ? "erofs" : driver);
      expect(await run()).toBe(`a\n${"mine\n".repeat(lines)}`);
      expect((await sh(home.api, "cat /srv/a", { Image: "both:1" })).stdout).toBe("a\n");
      expect(await verify(home)).toMatchObject({ damaged: [] });
    }
    await home.api.ok("DELETE", `/containers/${id}`);
  }, 60_000);

  test("a running container keeps its files while the daemon changes the form", async () => {
    const id = await createContainer(home.api, ["sh", "-c", "busybox sleep 100"], { Image: "both:1" });
    await home.api.ok("POST", `/containers/${id}/start`);
    const read = async () => {
      const answer = await home.api.ok("POST", `/containers/${id}/exec`, {
        Cmd: ["cat", "/srv/a", "/etc/motd"],
        AttachStdout: true,
      });
      const stream = await home.api.hijack(`/exec/${(answer.json as { Id: string }).Id}/start`, { Detach: false });
      return (await stream.rest()).stdout;
    };
    for (const driver of ["overlayfs", "erofs"]) {
      await home.kill("SIGKILL");
      setDriver(home, driver);
      await home.start();
      expect(await read()).toBe("a\nfrom the base\n");
    }
    await home.api.ok("DELETE", `/containers/${id}?force=1`);
  }, 60_000);

  test("a disk that fills up in the middle of a load is told, leaves a store that verifies, and the load succeeds with room", async () => {
    await using small = await openTestHome({ ext4MiB: 64, image: false, config: { storageDriver: "erofs" } });
    const random = createRandom("full disk", 3);
    const files = Array.from({ length: 60 }, (_, at) => member(`f/${at}`, random.bytes(200_000)));
    const archive = dockerArchive("fills:1", [base, tarOf(files)]);
    // The archive itself is put down first: 15 MiB, and as much again of files.
    const ballast = join(small.home, "ballast");
    let refused = 0;
    for (const mib of [38, 30, 24, 14]) {
      execFileSync("fallocate", ["-l", `${mib}M`, ballast]);
      const text = await load(small, archive);
      if (!text.includes("Loaded image")) {
        expect(text).toContain("no space left");
        refused++;
      }
      execFileSync("rm", [ballast]);
      expect(await verify(small)).toMatchObject({ damaged: [] });
      if (text.includes("Loaded image")) await small.api.ok("DELETE", "/images/fills:1");
    }
    expect(refused).toBeGreaterThan(0);
    expect(await load(small, archive)).toContain("Loaded image: fills:1");
    expect((await sh(small.api, "ls /f | busybox wc -l", { Image: "fills:1" })).stdout.trim()).toBe("60");
  }, 60_000);

  test("is refused with a reason where it was asked for and cannot be", async () => {
    const small = openTestHome({ tmpfs: "size=64m", image: false, config: { storageDriver: "erofs" } });
    await expect(small).rejects.toThrow("Cannot use the storage driver erofs: ");
  });
});
