/** POST /auth: whether a registry takes a name and a password. Nothing of it is kept here: clients keep it. */
import type { ApiRequest } from "../../api/index.ts";
import { invalidArgument } from "../../base/errors.ts";
import { isObject } from "../config/json-fields.ts";
import type { Images } from "../images.ts";

export async function handleLogin(images: Images, request: ApiRequest): Promise<void> {
  const body = await request.json();
  if (!isObject(body)) throw invalidArgument("registry.bad_auth", "Cannot log in: a JSON object is expected");
  const { login, parseCredentials } = await import("../registry/auth/index.ts");
  const address = typeof body.serveraddress === "string" ? body.serveraddress : "";
  const { settings } = await images.registries();
  request.sendJson(200, await login(address, parseCredentials(body), settings, request.signal));
}
