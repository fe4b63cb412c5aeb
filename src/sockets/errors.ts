import { EngineError } from "../base/errors.ts";

export const notThroughThisSocket = (what: string): EngineError =>
  new EngineError({
    code: "socket.forbidden",
    kind: "forbidden",
    message: `Cannot ${what} through this socket: it gives only containers of its own, without a way to the host`,
    hint: "ask whoever made the socket",
  });

export const fieldForbidden = (field: string, state: string): EngineError =>
  new EngineError({
    code: "socket.forbidden_field",
    kind: "forbidden",
    message: `Cannot use ${field} through this socket: ${state}`,
    hint: "leave the field out, or ask whoever made the socket",
  });

export const noSuchThing = (kind: string, ref: string): EngineError =>
  new EngineError({ code: "socket.not_found", kind: "not_found", message: `No such ${kind}: ${ref}` });

export const quotaUsedUp = (what: string, most: number): EngineError =>
  new EngineError({
    code: "socket.quota",
    kind: "conflict",
    message: `Cannot create a ${what}: this socket already has ${most}, which is its limit`,
    hint: `remove a ${what}, or ask whoever made the socket`,
  });

export const socketExists = (name: string): EngineError =>
  new EngineError({
    code: "socket.exists",
    kind: "conflict",
    message: `Cannot create socket ${name}: there is one of that name`,
    hint: "choose another name, or remove that one with `hbx socket rm`",
  });

export const noSuchSocket = (name: string): EngineError =>
  new EngineError({
    code: "socket.no_such_socket",
    kind: "not_found",
    message: `Cannot find socket ${name}: there is none of that name`,
    hint: "`hbx socket ls` lists them",
  });

export const badSocket = (field: string, expected: string): EngineError =>
  new EngineError({
    code: "socket.bad_request",
    kind: "invalid_argument",
    message: `Cannot create a socket: ${field} must be ${expected}`,
  });
