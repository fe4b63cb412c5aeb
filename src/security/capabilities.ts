/** Capabilities by name and number, and Docker's rules for adding and dropping them. */
import { unknownCapability } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";

/** Index = kernel number (include/uapi/linux/capability.h). */
export const capabilityNames: readonly string[] = (
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
)
  .split(" ")
  .map((name) => `CAP_${name}`);

const numbers: ReadonlyMap<string, number> = new Map(capabilityNames.map((name, number) => [name, number]));

/** What a container has unless told otherwise; the set is Docker's. */
export const defaultCapabilities: readonly number[] =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    .split(" ")
    .map((name) => parseCapability(name))
    .sort((a, b) => a - b);

/** `NET_ADMIN`, `cap_net_admin` and `CAP_NET_ADMIN` are the same. */
export function parseCapability(given: string): number {
  const upper = given.trim().toUpperCase();
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  const number = numbers.get(name);
  if (number === undefined) throw unknownCapability(given, nearestName(name, capabilityNames));
  return number;
}

export type CapabilityRequest = {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
  /** The highest number this kernel knows (/proc/sys/kernel/cap_last_cap). */
  last: number;
};

/**
 * The container's bounding set, ascending. As in Docker: `ALL` in `add` is everything but the dropped, `ALL` in
 * `drop` is only the added, otherwise the default set without the dropped and then with the added.
 */
export function planCapabilities({ add, drop, privileged, last }: CapabilityRequest): number[] {
  if (privileged) return everything(last);
  if (add.length === 0 && drop.length === 0) return defaultCapabilities.filter((number) => number <= last);
  const isAll = (name: string) => /^(cap_)?all$/i.test(name.trim());
  const added = add.filter((name) => !isAll(name)).map(parseCapability);
  const dropped = new Set(drop.filter((name) => !isAll(name)).map(parseCapability));
  const addAll = add.some(isAll);
  const dropAll = drop.some(isAll);
  if (addAll)
    return ascending(
      everything(last).filter((number) => !dropped.has(number)),
      last,
    );
  if (dropAll) return ascending(added, last);
  return ascending([...defaultCapabilities.filter((number) => !dropped.has(number)), ...added], last);
}

const everything = (last: number): number[] => capabilityNames.map((_, number) => number).filter((n) => n <= last);

const ascending = (list: readonly number[], last: number): number[] =>
  [...new Set(list)].filter((number) => number <= last).sort((a, b) => a - b);
