/** The shortest way for a test to run something. */
import type { Api } from "./api.ts";

export type RunResult = { id: string; code: number; stdout: string; stderr: string };
export type CreateBody = { Image?: string; Cmd?: string[]; HostConfig?: Record<string, unknown> } & Record<
  string,
  unknown
>;

export const baseImage = "hyperbox/base";

/** create → attach → start → wait; the container is removed afterwards unless `keep`. */
export async function runContainer(api: Api, cmd: string[], body: CreateBody = {}, keep = false): Promise<RunResult> {
  const id = await createContainer(api, cmd, body);
  const stream = await api.hijack(`/containers/${id}/attach?stream=1&stdout=1&stderr=1`);
  const waiting = api.ok("POST", `/containers/${id}/wait?condition=next-exit`);
  const started = await api.call("POST", `/containers/${id}/start`);
  if (started.status >= 400) {
    stream.socket.destroy();
    await api.call("DELETE", `/containers/${id}?force=1`);
    throw new Error(`${started.status} ${started.text}`);
  }
  const { stdout, stderr, raw } = await stream.rest();
  const { StatusCode } = (await waiting).json as { StatusCode: number };
  if (!keep) await api.ok("DELETE", `/containers/${id}?force=1&v=1`);
  return { id, code: StatusCode, stdout: body["Tty"] === true ? raw.toString("utf8") : stdout, stderr };
}

export async function createContainer(api: Api, cmd: string[], body: CreateBody = {}): Promise<string> {
  const answer = await api.ok("POST", "/containers/create", {
    Image: baseImage,
    Cmd: cmd,
    AttachStdout: true,
    AttachStderr: true,
    ...body,
  });
  return (answer.json as { Id: string }).Id;
}

/** Runs a shell line; what most tests want. */
export function sh(api: Api, line: string, body: CreateBody = {}): Promise<RunResult> {
  return runContainer(api, ["sh", "-c", line], body);
}

export async function execIn(
  api: Api,
  id: string,
  cmd: string[],
  body: Record<string, unknown> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const created = await api.ok("POST", `/containers/${id}/exec`, {
    Cmd: cmd,
    AttachStdout: true,
    AttachStderr: true,
    ...body,
  });
  const execId = (created.json as { Id: string }).Id;
  const stream = await api.hijack(`/exec/${execId}/start`, { Detach: false, Tty: body["Tty"] === true });
  const { stdout, stderr } = await stream.rest();
  const state = (await api.ok("GET", `/exec/${execId}/json`)).json as { ExitCode: number };
  return { code: state.ExitCode, stdout, stderr };
}
