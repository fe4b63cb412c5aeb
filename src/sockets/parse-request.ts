/** The body that makes a socket: typed, or refused with the field's name. Nothing unknown is taken. */
import { badSocket } from "./errors.ts";
import { defaultLimits, type SocketLimits } from "./schema.ts";

const name = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export function parseSocketRequest(body: unknown): SocketLimits & { Name: string } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw badSocket("the body", "an object");
  const { Name, ...given } = body as Record<string, unknown>;
  if (typeof Name !== "string" || !name.test(Name)) {
    throw badSocket("Name", "of lower-case letters, digits, dots, dashes and underscores, at most 63");
  }
  const limits: Record<string, number | boolean> = { ...defaultLimits };
  for (const [key, value] of Object.entries(given)) {
    const known = limits[key];
    if (known === undefined) throw badSocket(key, `left out: known are Name, ${Object.keys(limits).join(", ")}`);
    if (typeof known === "boolean") {
      if (typeof value !== "boolean") throw badSocket(key, "true or false");
      limits[key] = value;
    } else {
      if (!Number.isSafeInteger(value) || (value as number) < 0) throw badSocket(key, "a whole number from 0");
      limits[key] = value as number;
    }
  }
  return { ...(limits as unknown as SocketLimits), Name };
}
