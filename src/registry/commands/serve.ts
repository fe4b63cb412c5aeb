import { resolve } from "node:path";
import type { FlagValues } from "../../cli/flag-values.ts";
import type { Session } from "../../cli/session.ts";
import type { Flag, Verb } from "../../cli/verb.ts";
import { jsonLines } from "../../sdk/json-lines.ts";
import { defaultListen, type RequestLineBody, type ServeBody, type ServerBody } from "../schema.ts";

const file = (name: string, summary: string): Flag => ({ name, kind: "string", summary, placeholder: "file" });

export const registryServe: Verb = {
  name: "registry serve",
  summary: "Serve the local store as an OCI registry, until interrupted or with -d for good",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [
    {
      ...{ name: "listen", short: "l", kind: "string", placeholder: "address" },
      summary: `Port, or IP address and port (default ${defaultListen}: this host only)`,
    },
    {
      name: "detach",
      short: "d",
      kind: "bool",
      summary: "Serve in the background, again after each start of the daemon",
    },
    { name: "quiet", short: "q", kind: "bool", summary: "No line for each request" },
    file("tls-cert", "Certificate chain (PEM)"),
    file("tls-key", "Its private key (PEM)"),
    file("htpasswd", "Users with bcrypt passwords, as `htpasswd -B` writes them"),
    file("tokens", "Lines NAME:TOKEN[:pull,push,delete]"),
    file("token-key", "Public key (PEM or JWK set) of a token service"),
    { name: "token-issuer", kind: "string", summary: "The issuer that its tokens must name" },
    { name: "token-service", kind: "string", summary: "The audience that its tokens must name" },
    { name: "token-realm", kind: "string", summary: "Its address, for clients", placeholder: "url" },
    { name: "anonymous-read", kind: "bool", summary: "Pulling needs no credentials" },
    { name: "read-only", kind: "bool", summary: "Refuse every push and delete" },
    {
      ...{ name: "local-images", kind: "bool", default: "true" },
      summary: "Serve the images of this host too, not only what was pushed",
    },
  ],
  examples: [
    "hbx registry serve",
    "hbx registry serve -d --listen 0.0.0.0:5000 --tls-cert cert.pem --tls-key key.pem --htpasswd users",
  ],
  async run(session, _args, flags) {
    const json = bodyOf(flags);
    if (flags.bool("detach")) {
      const server = await session.client.json<ServerBody>("POST", "/hbx/v1/registry/servers", { json });
      warn(session, server);
      session.out.line(server.Url);
      return 0;
    }
    return await serveInForeground(session, json, flags.bool("quiet"));
  },
};

/** The server lives as long as this request: the daemon ends it when we are gone, however that came. */
async function serveInForeground(session: Session, json: ServeBody, quiet: boolean): Promise<number> {
  process.on("SIGINT", () => process.exit(0));
  const { body } = await session.client.stream("POST", "/hbx/v1/registry/servers", { query: { attach: true }, json });
  let first = true;
  for await (const line of jsonLines<ServerBody | RequestLineBody>(body)) {
    if ("Url" in line) {
      warn(session, line);
      session.err.line(`serving ${line.Url} (Ctrl-C ends it)`);
      first = false;
    } else if (!quiet) {
      session.out.line(`${line.Status} ${line.Method} ${line.Path} ${line.Ms}ms${line.User ? ` ${line.User}` : ""}`);
    }
  }
  session.err.line(first ? "nothing was served" : "the server was stopped");
  return 1;
}

function warn(session: Session, { Warnings }: ServerBody): void {
  for (const warning of Warnings) session.err.line(`WARNING: ${warning}`);
}

function bodyOf(flags: FlagValues): ServeBody {
  const body: Record<string, string | boolean> = {};
  const put = (key: keyof ServeBody, value: string | boolean | undefined) => {
    if (value !== undefined && value !== "") body[key] = value;
  };
  const path = (name: string) => {
    const text = flags.string(name);
    return text === undefined || text === "" ? undefined : resolve(text);
  };
  put("Listen", flags.string("listen"));
  put("TlsCert", path("tls-cert"));
  put("TlsKey", path("tls-key"));
  put("Htpasswd", path("htpasswd"));
  put("Tokens", path("tokens"));
  put("TokenKey", path("token-key"));
  put("TokenIssuer", flags.string("token-issuer"));
  put("TokenService", flags.string("token-service"));
  put("TokenRealm", flags.string("token-realm"));
  put("AnonymousRead", flags.bool("anonymous-read"));
  put("ReadOnly", flags.bool("read-only"));
  put("LocalImages", flags.bool("local-images"));
  return body;
}
