/** What the planners must know of the host's cgroups, parsed from the kernel's text. Reading is in read-cgroup-facts.ts. */

export type Controller = "cpu" | "cpuacct" | "cpuset" | "memory" | "devices" | "freezer" | "blkio" | "pids" | "hugetlb";

export const controllers: readonly Controller[] = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "devices",
  "freezer",
  "blkio",
  "pids",
  "hugetlb",
];

export type CgroupFacts = {
  /** `none`: no cgroup can be made; limits are refused with a warning, pausing and counting degrade. */
  mode: "v1" | "v2" | "none";
  /** Host directory of each mounted v1 hierarchy's root, by controller; co-mounted ones share it. Empty on v2. */
  v1: Partial<Record<Controller, string>>;
  /** The directory below which we make ours, and the controllers it can hand down. Null on v1 and hybrid hosts. */
  v2: { base: string; controllers: readonly string[] } | null;
  /** Names of control files the kernel offers in v1 roots; says whether swap or weights can be limited. */
  files: ReadonlySet<string>;
  /** What a v1 cpuset must be given before a process can enter. */
  cpuset: { cpus: string; mems: string };
  /** Why limits are missing, in words, for `info`. */
  degraded: readonly string[];
};

export type CgroupMount = { version: 1 | 2; mountPoint: string; root: string; options: readonly string[] };

/** cgroup lines of /proc/self/mountinfo. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split("\n").flatMap((line): CgroupMount[] => {
    const [left, right] = line.split(" - ");
    const [type, , superOptions] = right?.split(" ") ?? [];
    const [, , , root, mountPoint] = left?.split(" ") ?? [];
    if ((type !== "cgroup" && type !== "cgroup2") || root === undefined || mountPoint === undefined) return [];
    return [
      {
        version: type === "cgroup" ? 1 : 2,
        mountPoint: unescapeOctal(mountPoint),
        root: unescapeOctal(root),
        options: superOptions?.split(",") ?? [],
      },
    ];
  });
}

/** The v2 path of /proc/self/cgroup (`0::/user.slice/…`), null without one. */
export function parseOwnCgroup(text: string): string | null {
  return /^0::(.*)$/m.exec(text)?.[1] ?? null;
}

/** v1 hierarchies win where they carry controllers: a hybrid host's v2 tree has none to hand down. */
export function v1Roots(mounts: readonly CgroupMount[]): Partial<Record<Controller, string>> {
  const roots: Partial<Record<Controller, string>> = {};
  for (const { version, mountPoint, options } of mounts) {
    if (version !== 1) continue;
    for (const name of controllers) if (options.includes(name)) roots[name] ??= mountPoint;
  }
  return roots;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
