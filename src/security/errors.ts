import { EngineError, invalidArgument } from "../base/errors.ts";

export function badProfile(where: string, state: string): EngineError {
  return invalidArgument("security.seccomp_profile", `Cannot use the seccomp profile: ${where} ${state}`);
}

export function profileUnsupported(where: string, state: string): EngineError {
  return new EngineError({
    code: "security.seccomp_unsupported",
    kind: "invalid_argument",
    message: `Cannot use the seccomp profile: ${where} ${state}`,
    hint: "remove it from the profile",
  });
}

export function unknownCapability(given: string, nearest: string): EngineError {
  return invalidArgument(
    "security.unknown_capability",
    `Cannot change capability ${JSON.stringify(given)}: the kernel has none of that name`,
    `did you mean ${nearest}?`,
  );
}

export function badRlimit(name: string, state: string): EngineError {
  return invalidArgument("security.rlimit", `Cannot set ulimit ${name}: ${state}`);
}

export function refusedSysctl(name: string, state: string, hint?: string): EngineError {
  return invalidArgument("security.sysctl", `Cannot set sysctl ${name}: ${state}`, hint);
}

export function badDevice(path: string, state: string, hint?: string): EngineError {
  return invalidArgument("security.device", `Cannot add device ${path}: ${state}`, hint);
}
