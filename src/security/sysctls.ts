/** Which sysctls a container may have: those that the kernel keeps per namespace, where the namespace is its own. */
import { refusedSysctl } from "./errors.ts";

/** Whether the container has each namespace for itself (not the host's). */
export type OwnNamespaces = { net: boolean; ipc: boolean; uts: boolean };

const ipcNames = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

/** Throws for a sysctl that would change the host. Answers them with dots, as the kernel's tree has them. */
export function planSysctls(sysctls: Readonly<Record<string, string>>, own: OwnNamespaces): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [given, value] of Object.entries(sysctls)) {
    if (!/^[a-z0-9_]+([./][A-Za-z0-9_.:@-]+)+$/.test(given) || given.includes("..")) {
      throw refusedSysctl(given, "that is not the name of a sysctl");
    }
    const name = dotted(given);
    judge(name, own);
    out[name] = value;
  }
  return out;
}

function judge(name: string, own: OwnNamespaces): void {
  const isHosts = (namespace: string) =>
    refusedSysctl(name, `the container shares the host's ${namespace} namespace, so it would change the host`);
  if (name.startsWith("net.")) {
    if (!own.net) throw isHosts("network");
  } else if (ipcNames.has(name) || name.startsWith("fs.mqueue.")) {
    if (!own.ipc) throw isHosts("IPC");
  } else if (name === "kernel.domainname") {
    if (!own.uts) throw isHosts("UTS");
  } else if (name === "kernel.hostname") {
    throw refusedSysctl(name, "the hostname has an option of its own", "use --hostname");
  } else {
    throw refusedSysctl(name, "the kernel has one value for the whole host");
  }
}

/** `net/ipv4/conf/eth0.100/x` keeps the dots of its interface by swapping them, as sysctl(8) does. */
function dotted(given: string): string {
  const firstSlash = given.indexOf("/");
  const firstDot = given.indexOf(".");
  if (firstSlash === -1 || (firstDot !== -1 && firstDot < firstSlash)) return given;
  return given.replace(/[./]/g, (character) => (character === "/" ? "." : "/"));
}
