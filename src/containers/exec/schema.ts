/** Bodies of the exec endpoints. */
import { invalid } from "../errors.ts";
import {
  type Field,
  flag,
  integer,
  malformed,
  optional,
  optionalTexts,
  type Parsed,
  parseFields,
  text,
} from "../schema/fields.ts";

const size: Field<{ rows: number; cols: number } | null> = optional((value, at, key) => {
  if (!Array.isArray(value) || value.length !== 2) throw malformed(at, key, "a list of two sizes");
  return { rows: integer(value[0], at, key), cols: integer(value[1], at, key) };
});

const createFields = {
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  DetachKeys: text,
  Tty: flag,
  Env: optionalTexts,
  Cmd: optionalTexts,
  Privileged: flag,
  User: text,
  WorkingDir: text,
  ConsoleSize: size,
  /** Said again at the start, where it counts. */
  Detach: flag,
};
export type ExecRequest = Parsed<typeof createFields>;

export function parseExecRequest(body: unknown): ExecRequest {
  const request = parseFields(createFields, body, "");
  if (!request.Cmd?.length) throw invalid("no_exec_command", "No exec command specified");
  return request;
}

const startFields = { Detach: flag, Tty: flag, ConsoleSize: size };
export type ExecStart = Parsed<typeof startFields>;
export const parseExecStart = (body: unknown): ExecStart => parseFields(startFields, body, "");
