/** A seccomp profile in typed form, as Docker's JSON and the OCI runtime specification describe it. */

export type SeccompAction =
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_ALLOW";

export type Comparison =
  | "SCMP_CMP_EQ"
  | "SCMP_CMP_NE"
  | "SCMP_CMP_LT"
  | "SCMP_CMP_LE"
  | "SCMP_CMP_GE"
  | "SCMP_CMP_GT"
  | "SCMP_CMP_MASKED_EQ";

/** With MASKED_EQ, `value` is the mask and `valueTwo` what must remain. */
export type ArgumentCondition = { index: number; op: Comparison; value: bigint; valueTwo: bigint };

export type Filter = {
  /** Go's names: amd64, x86, x32, arm64, … */
  arches: readonly string[];
  /** CAP_… */
  caps: readonly string[];
  minKernel: KernelVersion | null;
};
export type KernelVersion = { major: number; minor: number };

export type SyscallEntry = {
  names: readonly string[];
  action: SeccompAction;
  errnoRet: number | null;
  args: readonly ArgumentCondition[];
  includes: Filter;
  excludes: Filter;
};

export type SeccompProfile = {
  defaultAction: SeccompAction;
  defaultErrnoRet: number | null;
  architectures: readonly string[];
  archMap: readonly { architecture: string; subArchitectures: readonly string[] }[];
  /** SECCOMP_FILTER_FLAG_* */
  flags: number;
  syscalls: readonly SyscallEntry[];
};
