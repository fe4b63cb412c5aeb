import { Failure } from "../../cli/failure.ts";
import {
  type Credentials,
  credentialsFor,
  helperFor,
  hostOf,
  hubAddress,
  tokenUser,
} from "../../cli/registry/credentials.ts";
import { configPath, readDockerConfig, writeDockerConfig } from "../../cli/registry/docker-config.ts";
import { storeInHelper } from "../../cli/registry/helper.ts";
import { askLine, askSecret } from "../../cli/registry/prompt.ts";
import type { Session } from "../../cli/session.ts";
import { standardInput } from "../../cli/standard-input.ts";
import type { Verb } from "../../cli/verb.ts";
import { ApiError } from "../../sdk/errors.ts";

export const login: Verb = {
  name: "login",
  summary: "Log in to a registry",
  usage: "[OPTIONS] [SERVER]",
  args: { min: 0, max: 1 },
  flags: [
    { name: "username", short: "u", kind: "string", summary: "Name" },
    { name: "password", short: "p", kind: "string", summary: "Password or token (others can see it)" },
    { name: "password-stdin", kind: "bool", summary: "Read the password from standard input" },
  ],
  examples: ["hbx login", "echo $TOKEN | hbx login -u me --password-stdin ghcr.io"],
  async run(session, [server], flags) {
    const address = serverAddress(server);
    const given = flags.string("password");
    if (given !== undefined && flags.bool("password-stdin"))
      throw new Failure("--password and --password-stdin are mutually exclusive");
    if (given !== undefined)
      session.err.line("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
    let username = flags.string("username") ?? "";
    let password = given ?? "";
    if (flags.bool("password-stdin")) {
      if (username === "") throw new Failure("Must provide --username with --password-stdin");
      password = (await new Response(standardInput()).text()).replace(/\r?\n$/, "");
    }
    if (username === "" && password === "" && (await loginAgain(session, address))) return 0;
    if (username === "") username = await askLine(session, "Username: ");
    if (username === "") throw new Failure("Error: Non-null Username Required");
    if (password === "") password = await askSecret(session, "Password: ");
    if (password === "") throw new Failure("Error: Password Required");
    const credentials = { username, password, serveraddress: address };
    const { Status, IdentityToken } = await authenticate(session, credentials);
    await keep(session, credentials, IdentityToken);
    session.out.line(Status);
    return 0;
  },
};

/** As `auths` has it: the host alone, or Docker Hub's key. */
export function serverAddress(server: string | undefined): string {
  if (server === undefined || server === "") return hubAddress;
  const host = hostOf(server);
  return host === "index.docker.io" ? hubAddress : host;
}

type Answer = { Status: string; IdentityToken?: string };

function authenticate(session: Session, credentials: Credentials): Promise<Answer> {
  return session.client.json<Answer>("POST", "/auth", { json: credentials });
}

/** Whoever is known there already need not say it again. */
async function loginAgain(session: Session, address: string): Promise<boolean> {
  const known = await credentialsFor(session.env, address);
  if (!known) return false;
  session.err.line("Authenticating with existing credentials...");
  try {
    session.out.line((await authenticate(session, known)).Status);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    session.err.line(`Login did not succeed, error: ${error.message}`);
    return false;
  }
}

async function keep(session: Session, credentials: Credentials, identityToken = ""): Promise<void> {
  const config = readDockerConfig(session.env);
  const { username = "", password = "", serveraddress } = credentials;
  const helper = helperFor(config, serveraddress);
  if (helper !== null) {
    const entry =
      identityToken === "" ? { Username: username, Secret: password } : { Username: tokenUser, Secret: identityToken };
    return await storeInHelper(session.env, helper, serveraddress, entry);
  }
  const secret = identityToken === "" ? password : "";
  const auth = Buffer.from(`${username}:${secret}`).toString("base64");
  const entry = identityToken === "" ? { auth } : { auth, identitytoken: identityToken };
  writeDockerConfig(session.env, { ...config, auths: { ...config.auths, [serveraddress]: entry } });
  session.err.line(`WARNING! Your password is stored unencrypted in ${configPath(session.env)}.`);
  session.err.line("Configure a credential helper (credsStore) to keep it elsewhere.");
}
