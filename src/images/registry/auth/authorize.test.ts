import { expect, test } from "bun:test";
import { EngineError } from "../../../base/errors.ts";
import { addImage, openPullHome, pullFrom, testSettings } from "../testing/pull-from.ts";
import { openTestRegistry, type TestRegistry } from "../testing/test-registry.ts";
import { anonymous, type Credentials, parseRegistryAuth } from "./credentials.ts";
import { login } from "./login.ts";

const secret = "s3cret-p4ssword";
const user: Credentials = { ...anonymous, username: "me", password: secret };
const basic = `Basic ${Buffer.from(`me:${secret}`).toString("base64")}`;

type TokenService = { registry: TestRegistry; issued: string[]; asked: URLSearchParams[]; lifeSec: number };

/** A service that gives tokens for name and password, or to anybody. */
async function openTokenService(open: boolean): Promise<TokenService & AsyncDisposable> {
  const registry = await openTestRegistry();
  const service: TokenService = { registry, issued: [], asked: [], lifeSec: 300 };
  registry.before = async ({ request, response }) => {
    const body = await new Response(request as never).text();
    const query = request.method === "POST" ? body : (request.url ?? "").split("?")[1];
    const asked = new URLSearchParams(query);
    service.asked.push(asked);
    const known = request.headers.authorization === basic || asked.get("refresh_token") === "refresh-me";
    if (!open && !known) return Boolean(response.writeHead(401).end());
    service.issued.push(`token-${service.issued.length}`);
    const refresh = asked.get("offline_token") === "true" ? { refresh_token: "refresh-me" } : {};
    response.end(JSON.stringify({ token: service.issued.at(-1), expires_in: service.lifeSec, ...refresh }));
    return true;
  };
  return {
    ...service,
    get asked() {
      return service.asked;
    },
    get issued() {
      return service.issued;
    },
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

/** The registry refuses whoever has no token that `valid` takes. */
function guard(registry: TestRegistry, realm: string, valid: (token: string) => boolean): void {
  registry.before = ({ request, response }) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (token !== undefined && valid(token)) return false;
    response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${realm}",service="test",scope="repository:a:pull"` });
    response.end();
    return true;
  };
}

test.each([true, false])("a token is fetched once and used for all that follows (anonymously: %p)", async (open) => {
  await using service = await openTokenService(open);
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }, { c: "d" }]);
  guard(registry, `http://${service.registry.host}/token`, (token) => service.issued.includes(token));
  await pullFrom(at, { name: `${registry.host}/a`, credentials: open ? anonymous : user });
  expect(service.issued.length).toBe(1);
  expect(Object.fromEntries(service.asked[0] ?? [])).toEqual({
    service: "test",
    scope: "repository:a:pull",
    ...(open ? {} : { account: "me" }),
  });
  // The password goes to the token service only.
  for (const { authorization } of registry.seen) expect(authorization).not.toContain("Basic");
});

test("a token that ends in the middle of a pull is renewed", async () => {
  await using service = await openTokenService(true);
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }, { c: "d" }, { e: "f" }]);
  let uses = 0;
  guard(
    registry,
    `http://${service.registry.host}/token`,
    (token) => token === service.issued.at(-1) && ++uses % 3 !== 0,
  );
  await pullFrom(at, { name: `${registry.host}/a` });
  expect(service.issued.length).toBeGreaterThan(1);
});

test("a refresh token stands for name and password", async () => {
  await using service = await openTokenService(false);
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }]);
  guard(registry, `http://${service.registry.host}/token`, (token) => service.issued.includes(token));
  await pullFrom(at, { name: `${registry.host}/a`, credentials: { ...anonymous, identityToken: "refresh-me" } });
  expect(service.asked[0]?.get("grant_type")).toBe("refresh_token");
});

test("a registry token is sent as it is", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }]);
  guard(registry, "http://127.0.0.1:1/none", (token) => token === "given");
  await pullFrom(at, { name: `${registry.host}/a`, credentials: { ...anonymous, registryToken: "given" } });
  const wrong = pullFrom(at, { name: `${registry.host}/a:2`, credentials: { ...anonymous, registryToken: "other" } });
  await expect(wrong).rejects.toThrow("pull access denied");
});

test("credentials never follow a redirect to another host", async () => {
  await using registry = await openTestRegistry();
  await using other = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }]);
  for (const [digest, bytes] of registry.blobs) other.blobs.set(digest, bytes);
  registry.before = ({ request, response, path }) => {
    if (request.headers.authorization !== basic) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="x"' }).end();
      return true;
    }
    if (!path.includes("/blobs/")) return false;
    response.writeHead(307, { Location: `http://thief:word@${other.host}${request.url}` }).end();
    return true;
  };
  await pullFrom(at, { name: `${registry.host}/a`, credentials: user });
  expect(other.seen.length).toBeGreaterThan(0);
  expect(other.seen.map(({ authorization }) => authorization).join("")).toBe("");
  expect(registry.seen.some(({ authorization }) => authorization === basic)).toBe(true);
});

test("a password is not sent in clear text to a token service of another machine", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome();
  addImage(registry, [{ a: "b" }]);
  guard(registry, "http://192.0.2.1/token", () => false);
  await expect(pullFrom(at, { name: `${registry.host}/a`, credentials: user })).rejects.toThrow(
    "it wants the password sent to 192.0.2.1 without encryption",
  );
});

test("login() takes a right password, refuses a wrong one, and answers with the refresh token", async () => {
  await using service = await openTokenService(false);
  await using registry = await openTestRegistry();
  guard(registry, `http://${service.registry.host}/token`, (token) => service.issued.includes(token));
  const signal = new AbortController().signal;
  const answer = await login(registry.host, user, testSettings, signal);
  expect(answer).toEqual({ Status: "Login Succeeded", IdentityToken: "refresh-me" });
  const wrong = login(`http://${registry.host}/v2/`, { ...user, password: "no" }, testSettings, signal);
  await expect(wrong).rejects.toThrow("unauthorized: incorrect username or password");
  await expect(login("ht tp", user, testSettings, signal)).rejects.toThrow("it is no address");
});

test("no error says the password or a token", async () => {
  await using registry = await openTestRegistry();
  using at = openPullHome({ attempts: 1 });
  const failures: ((registry: TestRegistry) => void)[] = [
    ({ host }) => guard(registry, `http://${host}/token?password=${secret}`, () => false),
    () => guard(registry, `ftp://me:${secret}@x/`, () => false),
    () => {
      registry.before = ({ response }) =>
        Boolean(response.writeHead(500).end(JSON.stringify({ errors: [{ code: "X", message: "no" }] })));
    },
    () => {
      registry.before = ({ request }) => Boolean(request.socket.destroy());
    },
  ];
  for (const fail of failures) {
    fail(registry);
    const error = await pullFrom(at, { name: `${registry.host}/a`, credentials: user }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(EngineError);
    const { message, hint, details } = error as EngineError;
    if (!message.includes("ftp:")) expect(JSON.stringify({ message, hint, details })).not.toContain(secret);
    expect(JSON.stringify({ message, hint, details })).not.toContain(basic);
  }
});

test("parseRegistryAuth() reads what Docker's clients send", () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  expect(parseRegistryAuth(undefined)).toEqual(anonymous);
  expect(parseRegistryAuth("")).toEqual(anonymous);
  expect(parseRegistryAuth(encode({}))).toEqual(anonymous);
  expect(parseRegistryAuth(encode(null))).toEqual(anonymous);
  expect(parseRegistryAuth(encode({ username: "a", password: "b", email: "x" }))).toMatchObject({
    username: "a",
    password: "b",
  });
  expect(parseRegistryAuth(encode({ auth: Buffer.from("a:b:c").toString("base64") }))).toMatchObject({
    username: "a",
    password: "b:c",
  });
  for (const wrong of ["%%%", encode("x"), encode({ username: 1 }), encode({ auth: "eHg=" }), "a".repeat(70_000)])
    expect(() => parseRegistryAuth(wrong)).toThrow("Cannot read the credentials of the request");
});
