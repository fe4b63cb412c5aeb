/** Who gets in, over a real socket. */
import { expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SignJWT } from "jose";
import type { ServeBody } from "../schema.ts";
import {
  failure,
  openTestRegistry,
  pushManifest,
  sha256,
  someBytes,
  type TestRegistry,
} from "../testing/open-test-registry.ts";

const basic = (user: string, password: string) => ({ Authorization: `Basic ${btoa(`${user}:${password}`)}` });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

type Files = Disposable & { write(name: string, text: string): string };
function openFiles(): Files {
  const dir = mkdtempSync("/tmp/hbx-auth-");
  return {
    write(name, text) {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}
const hash = (password: string) =>
  Bun.password.hashSync(password, { algorithm: "bcrypt", cost: 4 }).replace(/^\$2b/, "$2y");

/** Status of reading, and of beginning a push. */
async function rights(registry: TestRegistry, headers: Record<string, string>): Promise<number[]> {
  const read = await registry.call("GET", "/v2/app/tags/list", { headers });
  const push = await registry.call("POST", "/v2/app/blobs/uploads/", { headers });
  const remove = await registry.call("DELETE", `/v2/app/blobs/${sha256("x")}`, { headers });
  return [read.status, push.status, remove.status];
}

test("htpasswd: users of the file may do everything, nobody else anything; the file is read again when it changes", async () => {
  using files = openFiles();
  const path = files.write("users", `# ours\nann:${hash("secret")}\n`);
  await using registry = await openTestRegistry({ Htpasswd: path });
  const unknown = await registry.call("GET", "/v2/");
  expect([unknown.status, unknown.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="hyperbox"']);
  expect(await failure(unknown)).toEqual([401, "UNAUTHORIZED"]);
  for (const wrong of [
    basic("ann", "Secret"),
    basic("bob", "secret"),
    basic("", ""),
    bearer("secret"),
    { Authorization: "Basic !" },
  ])
    expect(await rights(registry, wrong)).toEqual([401, 401, 401]);
  expect((await registry.call("GET", "/v2/", { headers: basic("ann", "secret") })).status).toBe(200);
  expect(await rights(registry, basic("ann", "secret"))).toEqual([404, 202, 404]);
  files.write("users", `bob:${hash("other")}\n`);
  utimesSync(path, 1, 1);
  expect(await rights(registry, basic("ann", "secret"))).toEqual([401, 401, 401]);
  expect(await rights(registry, basic("bob", "other"))).toEqual([404, 202, 404]);
  rmSync(path); // what cannot be read lets nobody in
  expect((await registry.call("GET", "/v2/app/tags/list", { headers: basic("bob", "other") })).status).toBe(500);
  files.write("users", "");
});

test.each([
  ["ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "line 1 is not user:<bcrypt hash>"],
  ["ann", "line 1 is not user:<bcrypt hash>"],
  [`ann:$2y$20$${"a".repeat(53)}`, "the cost 20"],
])("a password file with %p is refused at the start", async (line, reason) => {
  using files = openFiles();
  await expect(openTestRegistry({ Htpasswd: files.write("users", line) })).rejects.toThrow(reason);
});

test("anonymous-read: anybody pulls, and a token of our own lets clients that know a password push", async () => {
  using files = openFiles();
  const Htpasswd = files.write("users", `ann:${hash("secret")}\n`);
  await using registry = await openTestRegistry({ Htpasswd, AnonymousRead: true });
  expect(await rights(registry, {})).toEqual([404, 401, 401]);
  const ping = await registry.call("GET", "/v2/");
  const challenge = ping.headers.get("www-authenticate") ?? "";
  const realm = /^Bearer realm="([^"]*)",service="hyperbox"/.exec(challenge)?.[1] ?? "";
  expect([ping.status, realm]).toEqual([401, `${registry.url}/v2/_hyperbox/token`]);
  const tokenFor = async (headers: Record<string, string>) => {
    const answer = await fetch(`${realm}?service=hyperbox&scope=repository:app:pull,push`, { headers });
    return { status: answer.status, token: ((await answer.json()) as { token?: string }).token ?? "" };
  };
  const [ann, nobody, wrong] = [
    await tokenFor(basic("ann", "secret")),
    await tokenFor({}),
    await tokenFor(basic("ann", "x")),
  ];
  expect(wrong.status).toBe(401);
  expect(await rights(registry, bearer(ann.token))).toEqual([404, 202, 404]);
  expect(await rights(registry, bearer(nobody.token))).toEqual([404, 401, 401]);
  expect((await registry.call("GET", "/v2/", { headers: bearer(nobody.token) })).status).toBe(200);
  expect(await rights(registry, bearer(`${ann.token}x`))).toEqual([401, 401, 401]);
  expect(await rights(registry, basic("ann", "secret"))).toEqual([404, 202, 404]);
});

test("tokens: each may do what its line says", async () => {
  using files = openFiles();
  const [all, reader, pusher] = ["a".repeat(20), "b".repeat(20), "c".repeat(20)];
  const Tokens = files.write("tokens", `root:${all}\nci:${reader}:pull\nbot:${pusher}:pull,push\n`);
  await using registry = await openTestRegistry({ Tokens });
  expect(await rights(registry, bearer(all))).toEqual([404, 202, 404]);
  expect(await rights(registry, basic("whoever", all))).toEqual([404, 202, 404]);
  expect(await rights(registry, bearer(reader))).toEqual([404, 403, 403]);
  expect(await rights(registry, bearer(pusher))).toEqual([404, 202, 403]);
  expect(await rights(registry, bearer("d".repeat(20)))).toEqual([401, 401, 401]);
});

const claims = { issuer: "https://auth.example", audience: "our-registry" };
async function sign(
  key: KeyObject,
  alg: string,
  access: unknown,
  more: { issuer?: string; audience?: string; expires?: string } = {},
) {
  return await new SignJWT({ access } as Record<string, unknown>)
    .setProtectedHeader({ alg })
    .setSubject("ann")
    .setIssuer(more.issuer ?? claims.issuer)
    .setAudience(more.audience ?? claims.audience)
    .setIssuedAt()
    .setExpirationTime(more.expires ?? "1m")
    .sign(key);
}

test.each([
  ["rsa", "RS256"],
  ["ec", "ES256"],
  ["ed25519", "EdDSA"],
] as const)("a token service with a key of type %p is believed within what its tokens say", async (type, alg) => {
  using files = openFiles();
  const make = () =>
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : type === "ec"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("ed25519");
  const { publicKey, privateKey } = make();
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const options: ServeBody = {
    TokenKey: files.write("key.pem", pem),
    TokenIssuer: claims.issuer,
    TokenService: claims.audience,
    TokenRealm: "https://auth.example/token",
  };
  await using registry = await openTestRegistry(options);
  const push = [{ type: "repository", name: "app", actions: ["pull", "push"] }];
  const good = await sign(privateKey, alg, push);
  expect(await rights(registry, bearer(good))).toEqual([404, 202, 401]);
  const challenge = (await registry.call("POST", "/v2/app/blobs/uploads/")).headers.get("www-authenticate");
  expect(challenge).toBe(
    'Bearer realm="https://auth.example/token",service="our-registry",scope="repository:app:pull,push"',
  );
  expect((await registry.call("GET", "/v2/other/tags/list", { headers: bearer(good) })).status).toBe(401);
  expect((await registry.call("GET", "/v2/_catalog", { headers: bearer(good) })).status).toBe(401);
  const none = [401, 401, 401];
  expect(await rights(registry, bearer(await sign(make().privateKey, alg, push)))).toEqual(none);
  expect(await rights(registry, bearer(await sign(privateKey, alg, push, { issuer: "x" })))).toEqual(none);
  expect(await rights(registry, bearer(await sign(privateKey, alg, push, { audience: "x" })))).toEqual(none);
  expect(await rights(registry, bearer(await sign(privateKey, alg, push, { expires: "-1h" })))).toEqual(none);
  expect(await rights(registry, bearer(await sign(privateKey, alg, "everything")))).toEqual(none);
  // The public key as a shared secret, and no signature at all: the two old tricks.
  const forged = await new SignJWT({ access: push }).setProtectedHeader({ alg: "HS256" }).setIssuer(claims.issuer);
  const secret = new TextEncoder().encode(pem);
  expect(
    await rights(registry, bearer(await forged.setAudience(claims.audience).setExpirationTime("1m").sign(secret))),
  ).toEqual(none);
  const [, body] = good.split(".");
  expect(await rights(registry, bearer(`${btoa('{"alg":"none"}').replace(/=/g, "")}.${body}.`))).toEqual(none);
});

test("a mount takes nothing from a repository that the client may not read", async () => {
  using files = openFiles();
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  await using registry = await openTestRegistry({
    TokenKey: files.write("key.pem", publicKey.export({ type: "spki", format: "pem" }).toString()),
    ...{ TokenIssuer: claims.issuer, TokenService: claims.audience, TokenRealm: "https://auth.example/token" },
  });
  const token = async (name: string) =>
    bearer(await sign(privateKey, "EdDSA", [{ type: "repository", name, actions: ["pull", "push"] }]));
  const bytes = someBytes(100);
  const digest = sha256(bytes);
  const secret = await token("secret");
  await registry.call("POST", `/v2/secret/blobs/uploads/?digest=${digest}`, { body: bytes, headers: secret });
  for (const query of [`mount=${digest}&from=secret`, `mount=${digest}`]) {
    const answer = await registry.call("POST", `/v2/mine/blobs/uploads/?${query}`, { headers: await token("mine") });
    expect(answer.status).toBe(202);
  }
});

test("read-only refuses pushes and deletes", async () => {
  await using registry = await openTestRegistry({ ReadOnly: true });
  expect(await rights(registry, {})).toEqual([404, 405, 405]);
});

test("without credentials, a server on loopback answers no web page", async () => {
  await using registry = await openTestRegistry();
  await pushManifest(registry, "app", "v1");
  const ask = async (headers: Record<string, string>) =>
    (await registry.call("GET", "/v2/app/tags/list", { headers })).status;
  expect(await ask({ Origin: "https://evil.example" })).toBe(403);
  expect(await ask({ Host: "evil.example" })).toBe(403);
  expect(await ask({ Host: "localhost:5000" })).toBe(200);
});
