/** Body of POST /containers/{id}/update: limits, and a restart policy. Only what was sent counts. */

import { isObject, optional, parseFields } from "./fields.ts";
import { type HostConfig, hostConfigFields } from "./host-config.ts";
import { resourceFields } from "./resources.ts";

const updateFields = { ...resourceFields, RestartPolicy: optional(hostConfigFields.RestartPolicy) };

export type Update = Partial<Pick<HostConfig, keyof typeof resourceFields | "RestartPolicy">>;

export function parseUpdate(body: unknown): Update {
  const parsed = parseFields(updateFields, body, "");
  const sent = new Set(isObject(body) ? Object.keys(body).map((key) => key.toLowerCase()) : []);
  // Docker's client sends every field; zeros and nulls mean "leave it".
  const changed = Object.entries(parsed).filter(([key, value]) => {
    if (!sent.has(key.toLowerCase()) || value === null || value === "" || value === 0) return false;
    if (Array.isArray(value)) return value.length > 0;
    return key !== "RestartPolicy" || (value as HostConfig["RestartPolicy"]).Name !== "";
  });
  return Object.fromEntries(changed) as Update;
}
