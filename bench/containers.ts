/** The few calls about containers that every benchmark makes. */
import type { Client } from "../src/sdk/client.ts";

export type Exit = { StatusCode: number };

export async function createContainer(
  client: Client,
  image: string,
  cmd: string[],
  host: Record<string, unknown> = {},
): Promise<string> {
  const body = { Image: image, Cmd: cmd, HostConfig: host };
  return (await client.json<{ Id: string }>("POST", "/containers/create", { json: body })).Id;
}

export async function startContainer(client: Client, image: string, cmd: string[]): Promise<string> {
  const id = await createContainer(client, image, cmd);
  await client.text("POST", `/containers/${id}/start`);
  return id;
}

export async function removeContainer(client: Client, id: string): Promise<void> {
  await client.text("DELETE", `/containers/${id}`, { query: { force: 1 } });
}
