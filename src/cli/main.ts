/** The `hbx` command: finds the verb, loads only that, runs it. Node's stream and network modules stay unloaded here: they cost 8 ms. */
import { createClient } from "../sdk/client.ts";
import { connectOrStart } from "../sdk/connect-or-start.ts";
import { defaultEndpoint, parseEndpoint } from "../sdk/paths.ts";
import { Failure } from "./failure.ts";
import { findVerb } from "./find-verb.ts";
import { openOutput } from "./output.ts";
import { parseFlags } from "./parse-flags.ts";
import type { Session } from "./session.ts";

const out = openOutput("stdout");
const err = openOutput("stderr");

async function main(argv: string[]): Promise<number> {
  const { host, rest } = takeGlobalFlags(argv);
  const found = findVerb(rest);
  if (!found) return await (await import("./help.ts")).answerWithoutVerb(rest, out, err);
  const verb = await found.load();
  const { values, args, help } = parseFlags(verb.flags, found.args, verb.interspersed ?? true);
  if (help) return (await import("./help.ts")).printVerbHelp(verb, out);
  if (args.length < verb.args.min || args.length > verb.args.max) {
    throw (await import("./help.ts")).wrongArguments(verb, args.length);
  }
  const endpoint = host === undefined ? defaultEndpoint() : parseEndpoint(host);
  const client = createClient(endpoint.socketPath, () => connectOrStart(endpoint, process.env));
  const session: Session = { client, endpoint, out, err, env: process.env };
  return await verb.run(session, args, values);
}

function takeGlobalFlags(argv: string[]): { host: string | undefined; rest: string[] } {
  const [first, second] = argv;
  if (first === "-H" || first === "--host") {
    if (second === undefined) throw new Failure(`flag needs an argument: ${first}`);
    return { host: second, rest: argv.slice(2) };
  }
  if (first?.startsWith("--host=")) return { host: first.slice("--host=".length), rest: argv.slice(1) };
  return { host: undefined, rest: argv };
}

async function exitWith(run: Promise<number>): Promise<never> {
  let code: number;
  try {
    code = await run;
    await out.flush();
  } catch (error) {
    if ((error as { code?: string }).code === "EPIPE") process.exit(141);
    code = (await import("./report-failure.ts")).reportFailure(error, err);
  }
  await err.flush().catch(() => undefined);
  process.exit(code);
}

void exitWith(main(process.argv.slice(2)));
