/** Clients that people use, unmodified, from npm and PyPI. Those that cannot be installed here are skipped, counted and named. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { openTestHome, projectRoot, type TestHome } from "../support/home.ts";

const scripts = join(import.meta.dirname, "clients");
const cache = join(projectRoot, ".hbx-cache/clients");
const dockerPy = "docker==7.2.0";

function attempt(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { cwd: cache, stdio: "ignore" }).status === 0;
}

/** Once for a machine: the versions stand in `clients/package.json` and above. */
function install(): { node: boolean; python: boolean } {
  mkdirSync(cache, { recursive: true });
  copyFileSync(join(scripts, "package.json"), join(cache, "package.json"));
  const node = attempt("npm", "install", "--no-audit", "--no-fund", "--prefer-offline");
  const python = existsSync(join(cache, "py/docker")) || attempt("pip3", "install", "--target", "py", dockerPy);
  return { node, python };
}

const present = install();
for (const [kind, there] of Object.entries(present)) {
  if (!there) console.log(`compat: the clients for ${kind} cannot be installed here, their cases are skipped`);
}

let home: TestHome;
beforeAll(async () => {
  home = await openTestHome();
});
afterAll(() => home[Symbol.asyncDispose]());

async function passes(...command: string[]): Promise<void> {
  const child = Bun.spawn(command, {
    env: {
      ...home.env,
      CLIENTS: cache,
      DOCKER_SOCKET: home.socket,
      DOCKER_HOST: `unix://${home.socket}`,
      // Its reaper is an image of Docker Hub's.
      TESTCONTAINERS_RYUK_DISABLED: "true",
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect({ code, said: code === 0 ? "" : `${stdout}${stderr}` }).toEqual({ code: 0, said: "" });
}

describe.skipIf(!present.node)("from npm", () => {
  test("dockerode", () => passes("node", join(scripts, "dockerode.mjs")));
  test("testcontainers", () => passes("node", join(scripts, "testcontainers.mjs")));
});
describe.skipIf(!present.python)("from PyPI", () => {
  test("docker-py", () => passes("python3", join(scripts, "docker-py.py")));
});
