/** Who asks a registry, as Docker's clients say it in `X-Registry-Auth`: base64url of a JSON object. */
import { invalidArgument } from "../../../base/errors.ts";
import { isObject } from "../../config/json-fields.ts";

export type Credentials = {
  username: string;
  password: string;
  /** A refresh token of OAuth 2: stands for name and password. */
  identityToken: string;
  /** A bearer token that is sent as it is. */
  registryToken: string;
};

export const anonymous: Credentials = Object.freeze({
  username: "",
  password: "",
  identityToken: "",
  registryToken: "",
});

const maxHeaderLength = 64 * 1024;

export function parseRegistryAuth(header: string | string[] | undefined): Credentials {
  const text = Array.isArray(header) ? (header[0] ?? "") : (header ?? "");
  if (text === "" || text.length > maxHeaderLength) {
    if (text === "") return anonymous;
    throw malformed();
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    throw malformed();
  }
  return value === null ? anonymous : parseCredentials(value);
}

export function parseCredentials(value: unknown): Credentials {
  if (!isObject(value)) throw malformed();
  const text = (key: string): string => {
    const field = value[key] ?? "";
    if (typeof field !== "string") throw malformed();
    return field;
  };
  const given = {
    username: text("username"),
    password: text("password"),
    identityToken: text("identitytoken"),
    registryToken: text("registrytoken"),
  };
  const joined = text("auth");
  if (joined === "" || given.username !== "") return given;
  const plain = Buffer.from(joined, "base64").toString("utf8");
  const colon = plain.indexOf(":");
  if (colon < 0) throw malformed();
  return { ...given, username: plain.slice(0, colon), password: plain.slice(colon + 1).replace(/\0+$/, "") };
}

function malformed() {
  return invalidArgument(
    "registry.bad_auth",
    "Cannot read the credentials of the request: X-Registry-Auth is base64url of a JSON object with username and password",
  );
}
