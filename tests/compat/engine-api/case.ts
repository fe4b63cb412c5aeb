/** One request and what has to be there before it. The same on every engine. */
import type { Answer, Api } from "../../support/api.ts";

export type Fixture = "none" | "created" | "running" | "paused" | "exited" | "volume" | "network";

export type Case = {
  title: string;
  /** What `{it}` in the path stands for. */
  fixture: Fixture;
  method: string;
  path: string;
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
  contentType?: string;
};

/** What of an answer must be the same everywhere. */
export type Outcome = { status: number; shape: readonly string[] };

const sleep = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"];

/** Sends it and takes away what it and its fixture made. */
export async function runCase(api: Api, { fixture, method, path, body, contentType }: Case): Promise<Outcome> {
  const it = await make(api, fixture);
  try {
    const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
    const headers = text === null ? {} : { "Content-Type": contentType ?? "application/json" };
    const init = { headers, ...(text === null ? {} : { body: text }) };
    const answer = await api.raw(method, path.replaceAll("{it}", it), init);
    await removeMade(api, method, path, answer);
    return { status: answer.status, shape: shapeOf(answer) };
  } finally {
    await remove(api, fixture, it);
  }
}

async function make(api: Api, fixture: Fixture): Promise<string> {
  if (fixture === "none") return "nothing-here";
  const name = `case-${crypto.randomUUID().slice(0, 8)}`;
  if (fixture === "volume") await api.ok("POST", "/volumes/create", { Name: name });
  else if (fixture === "network") await api.ok("POST", "/networks/create", { Name: name });
  else {
    const command = fixture === "exited" ? ["sh", "-c", "exit 3"] : sleep;
    const config = { Image: "hyperbox/base", Cmd: command, StopTimeout: 1, HostConfig: { NetworkMode: "none" } };
    await api.ok("POST", `/containers/create?name=${name}`, config);
    if (fixture !== "created") await api.ok("POST", `/containers/${name}/start`);
    if (fixture === "exited") await api.ok("POST", `/containers/${name}/wait`);
    if (fixture === "paused") await api.ok("POST", `/containers/${name}/pause`);
  }
  return name;
}

async function remove(api: Api, fixture: Fixture, name: string): Promise<void> {
  if (fixture === "none") return;
  if (fixture === "volume") await api.call("DELETE", `/volumes/${name}?force=1`);
  else if (fixture === "network") await api.call("DELETE", `/networks/${name}`);
  else await api.call("DELETE", `/containers/${name}?force=1&v=1`);
}

/** What a create made although the case hoped for a refusal. */
async function removeMade(api: Api, method: string, path: string, { status, json }: Answer): Promise<void> {
  if (method !== "POST" || status !== 201 || typeof json !== "object" || json === null) return;
  const { Id, Name } = json as { Id?: string; Name?: string };
  if (path.startsWith("/containers/create")) await api.call("DELETE", `/containers/${Id}?force=1&v=1`);
  if (path.startsWith("/networks/create")) await api.call("DELETE", `/networks/${Id}`);
  if (path.startsWith("/volumes/create")) await api.call("DELETE", `/volumes/${Name}`);
  if (path.startsWith("/commit")) await api.call("DELETE", `/images/${Id}`);
}

/** A line for each field: its place and the kind of its value, of lists every element's. Nothing that differs from run to run. */
function shapeOf({ status, text, json }: Answer): string[] {
  // Of a refusal clients read the status and the message; ours has a code and often a hint besides.
  if (status >= 400) {
    return [typeof (json as { message?: unknown } | null)?.message === "string" ? "a refusal with a message" : "other"];
  }
  if (json === null) return [text === "" ? "empty" : text.trim() === "null" ? "null" : "text"];
  return [...new Set(flatten(json, ""))].sort();
}

function flatten(value: unknown, place: string): string[] {
  if (Array.isArray(value))
    return value.length === 0 ? [`${place} []`] : value.flatMap((one) => flatten(one, `${place}[]`));
  if (typeof value !== "object" || value === null) return [`${place} ${value === null ? "null" : typeof value}`];
  const fields = Object.entries(value);
  return fields.length === 0 ? [`${place} {}`] : fields.flatMap(([key, one]) => flatten(one, `${place}.${key}`));
}

/** What one has and the other has not; empty when they are the same. */
export function compareOutcomes(ours: Outcome, theirs: Outcome): string[] {
  if (ours.status !== theirs.status) return [`status ${ours.status}, not ${theirs.status}`];
  return [
    ...ours.shape.filter((line) => !theirs.shape.includes(line)).map((line) => `+ ${line}`),
    ...theirs.shape.filter((line) => !ours.shape.includes(line)).map((line) => `- ${line}`),
  ];
}
