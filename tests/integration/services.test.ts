/** Programs that people run: nginx, redis and postgres from Debian's packages, used by real clients through published ports. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createContainer, execIn, runContainer } from "../support/containers.ts";
import { openTestHome, type TestHome } from "../support/home.ts";
import { servicesRoot } from "../support/services-root.ts";

const root = servicesRoot();
if ("missing" in root) console.log(`skipped: ${root.missing}`);
const served = test.skipIf("missing" in root);
const image = "services:latest";

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
  if ("missing" in root) return;
  const archive = Bun.file(root.path).stream();
  await home.api.upload("POST", "/images/create?fromSrc=-&repo=services&tag=latest", archive);
}, 120_000);
afterAll(async () => {
  await home[Symbol.asyncDispose]();
}, 60_000);

/** Starts it with its port published; answers its id and the host's port. */
async function serve(cmd: string[], port: number): Promise<{ id: string; port: number }> {
  const { api } = home;
  const PortBindings = { [`${port}/tcp`]: [{ HostIp: "", HostPort: "" }] };
  const id = await createContainer(api, cmd, { Image: image, HostConfig: { PortBindings } });
  await api.ok("POST", `/containers/${id}/start`);
  const { NetworkSettings } = (await api.ok("GET", `/containers/${id}/json`)).json as {
    NetworkSettings: { Ports: Record<string, { HostPort: string }[]> };
  };
  return { id, port: Number(NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort) };
}

/** Tries again until it is up: starting takes these programs a while. */
async function eventually<T>(attempt: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const result = await attempt().catch(() => null);
    if (result !== null) return result;
    if (Date.now() > deadline) throw new Error("it does not come up");
    await Bun.sleep(50);
  }
}

/** Another container's client, through the port published on the host. */
async function ask(client: string[], env: string[] = []): Promise<string | null> {
  const { code, stdout } = await runContainer(home.api, client, { Image: image, Env: env });
  return code === 0 ? stdout.trim() : null;
}

async function gateway(): Promise<string> {
  const { IPAM } = (await home.api.ok("GET", "/networks/bridge")).json as { IPAM: { Config: { Gateway: string }[] } };
  return IPAM.Config[0]?.Gateway ?? "";
}

served(
  "nginx serves its page, a large file and many clients at once",
  async () => {
    const { id, port } = await serve(["nginx", "-g", "daemon off;"], 80);
    const page = await eventually(async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
    expect(page).toContain("Welcome to nginx");
    const made = await execIn(home.api, id, [
      "sh",
      "-c",
      "head -c 50000000 /dev/urandom | tee /var/www/html/big | md5sum",
    ]);
    const big = new Uint8Array(await (await fetch(`http://127.0.0.1:${port}/big`)).arrayBuffer());
    expect(new Bun.CryptoHasher("md5").update(big).digest("hex")).toBe(made.stdout.split(" ")[0] ?? "");
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => fetch(`http://127.0.0.1:${port}/`).then((r) => r.status)),
    );
    expect(answers.every((status) => status === 200)).toBe(true);
  },
  60_000,
);

served(
  "redis keeps what its own client says from another container",
  async () => {
    const { port } = await serve(["redis-server", "--protected-mode", "no", "--bind", "0.0.0.0"], 6379);
    const redis = async (...words: string[]) => ask(["redis-cli", "-h", await gateway(), "-p", String(port), ...words]);
    expect(await eventually(() => redis("set", "colour", "blue"))).toBe("OK");
    expect(await redis("get", "colour")).toBe("blue");
  },
  60_000,
);

served(
  "postgres answers its own client from another container",
  async () => {
    const trust = "cd /etc/postgresql/15/main; echo host all all 0.0.0.0/0 trust >> pg_hba.conf";
    const start = `echo "listen_addresses = '*'" >> postgresql.conf; exec pg_ctlcluster --foreground 15 main start`;
    const { port } = await serve(["sh", "-c", `${trust}; ${start}`], 5432);
    const psql = async (sql: string) =>
      ask(["psql", "-h", await gateway(), "-p", String(port), "-U", "postgres", "-Atc", sql], ["PGCONNECT_TIMEOUT=5"]);
    expect(await eventually(() => psql("create table t as select generate_series(1, 100000) n"))).toBe("SELECT 100000");
    expect(await psql("select sum(n) from t")).toBe("5000050000");
  },
  60_000,
);
