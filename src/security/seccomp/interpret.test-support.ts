/** For tests: the kernel's filter machine, and the meaning of a profile computed directly from its entries. */
import { type ArchName, architectures, goArch } from "./architectures.ts";
import type { ArgumentCondition, Filter, SeccompProfile } from "./profile.ts";
import type { SeccompTarget } from "./select-rules.ts";

export type Call = { audit: number; number: number; args: readonly bigint[] };

export function runProgram(program: Uint8Array, call: Call): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.audit, true);
  call.args.forEach((arg, index) => {
    data.setBigUint64(16 + index * 8, arg, true);
  });
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let a = 0;
  for (let pc = 0; pc * 8 < program.length; pc += 1) {
    const code = view.getUint16(pc * 8, true);
    const [jt, jf, k] = [view.getUint8(pc * 8 + 2), view.getUint8(pc * 8 + 3), view.getUint32(pc * 8 + 4, true)];
    if (code === 0x20) a = data.getUint32(k, true);
    else if (code === 0x54) a = (a & k) >>> 0;
    else if (code === 0x05) pc += k;
    else if (code === 0x06) return k;
    else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x25) pc += a > k ? jt : jf;
    else if (code === 0x35) pc += a >= k ? jt : jf;
    else throw new Error(`instruction ${pc} has code ${code}`);
  }
  throw new Error("the program ran over its end");
}

export function judge(profile: SeccompProfile, target: SeccompTarget, call: Call): string {
  const native = target.arch === "x86_64" ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_AARCH64";
  const mapped = profile.archMap.find((entry) => entry.architecture === native)?.subArchitectures ?? [];
  const named = [native, ...(profile.architectures.length > 0 ? profile.architectures : mapped)];
  const isX32 = call.audit === 0xc000_003e && call.number >= 0x4000_0000;
  const arch = Object.values(architectures).find(
    ({ audit, name }) => audit === call.audit && (name === "SCMP_ARCH_X32") === isX32,
  );
  const foreign = (arch?.name === "SCMP_ARCH_AARCH64") !== (target.arch === "aarch64");
  if (!arch || foreign || !named.includes(arch.name satisfies ArchName)) return "SCMP_ACT_KILL_PROCESS";
  const name = Object.keys(arch.numbers).find((key) => arch.numbers[key] === call.number);
  for (const entry of profile.syscalls) {
    if (name === undefined || !entry.names.includes(name) || !applies(entry.includes, entry.excludes, target)) continue;
    const repeated = entry.args.some((one, at) =>
      entry.args.some((other, to) => to !== at && other.index === one.index),
    );
    const met = (condition: ArgumentCondition) => holds(condition, call.args[condition.index] ?? 0n);
    const all = repeated ? entry.args.some(met) : entry.args.every(met);
    if (all) return verdict(entry.action, entry.errnoRet);
  }
  return verdict(profile.defaultAction, profile.defaultErrnoRet);
}

const verdict = (action: string, errno: number | null): string =>
  action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE" ? `${action}:${errno ?? 1}` : action;

function applies(includes: Filter, excludes: Filter, target: SeccompTarget): boolean {
  const go = goArch[target.arch];
  const { major, minor } = target.kernel;
  const reached = (filter: Filter) =>
    filter.minKernel !== null && major * 1000 + minor >= filter.minKernel.major * 1000 + filter.minKernel.minor;
  if (includes.arches.length > 0 && !includes.arches.includes(go)) return false;
  if (includes.caps.some((name) => !target.capabilities.includes(name))) return false;
  if (includes.minKernel !== null && !reached(includes)) return false;
  return !(
    excludes.arches.includes(go) ||
    excludes.caps.some((c) => target.capabilities.includes(c)) ||
    reached(excludes)
  );
}

function holds({ op, value, valueTwo }: ArgumentCondition, arg: bigint): boolean {
  const table = {
    SCMP_CMP_EQ: arg === value,
    SCMP_CMP_NE: arg !== value,
    SCMP_CMP_LT: arg < value,
    SCMP_CMP_LE: arg <= value,
    SCMP_CMP_GE: arg >= value,
    SCMP_CMP_GT: arg > value,
    SCMP_CMP_MASKED_EQ: (arg & value) === (valueTwo & value),
  };
  return table[op];
}

export function resultName(result: number): string {
  const data = result & 0xffff;
  const action = (result & 0xffff_0000) >>> 0;
  const names: Record<number, string> = {
    0: "SCMP_ACT_KILL",
    2147483648: "SCMP_ACT_KILL_PROCESS",
    196608: "SCMP_ACT_TRAP",
    327680: `SCMP_ACT_ERRNO:${data}`,
    2146435072: `SCMP_ACT_TRACE:${data}`,
    2147221504: "SCMP_ACT_LOG",
    2147418112: "SCMP_ACT_ALLOW",
  };
  return names[action] ?? `unknown ${result}`;
}
