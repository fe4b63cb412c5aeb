/** Compiled filters, kept by what they depend on: profile, architecture, kernel, capabilities. */
import { type Digest, digestOf } from "../../base/digest.ts";
import { capabilityNames } from "../capabilities.ts";
import type { NativeArch } from "./architectures.ts";
import { compileFilter } from "./compile-filter.ts";
import dockerDefault from "./docker-default.json" with { type: "text" };
import { parseSeccompProfile } from "./parse-profile.ts";
import type { KernelVersion, SeccompProfile } from "./profile.ts";
import { selectRules } from "./select-rules.ts";

export type SeccompFilter = { program: Uint8Array; flags: number };

export type SeccompFilters = {
  /** Docker's default profile for these capabilities (kernel numbers). */
  default(capabilities: readonly number[]): SeccompFilter;
  /** A profile in Docker's JSON form. Throws what is wrong with it. */
  custom(json: string, capabilities: readonly number[]): SeccompFilter;
};

/** Where compiled programs outlive the daemon; keys are safe as file names. A missing or unreadable one is undefined. */
export type FilterStore = { read(key: string): Uint8Array | undefined; write(key: string, program: Uint8Array): void };

/** Raised when the compiler's output for the same input changes. */
const compilerVersion = 1;
const maxProfiles = 64;

type Entry = { digest: Digest; profile: SeccompProfile | null; json: string; compiled: Map<bigint, SeccompFilter> };

export function createSeccompFilters(
  host: { arch: NativeArch; kernel: KernelVersion },
  store?: FilterStore,
): SeccompFilters {
  const builtIn = String(dockerDefault);
  const entries = new Map<string, Entry>();

  const entryOf = (json: string): Entry => {
    const known = entries.get(json);
    if (known) return known;
    const profile = json === builtIn ? null : parseSeccompProfile(json);
    const entry: Entry = { digest: digestOf(json), profile, json, compiled: new Map() };
    if (entries.size >= maxProfiles) entries.clear();
    entries.set(json, entry);
    return entry;
  };
  const filter = (json: string, capabilities: readonly number[]): SeccompFilter => {
    const entry = entryOf(json);
    const bits = capabilities.reduce((set, number) => set | (1n << BigInt(number)), 0n);
    const known = entry.compiled.get(bits);
    if (known) return known;
    const { arch, kernel } = host;
    const version = `${kernel.major}.${kernel.minor}`;
    const key = `${entry.digest.slice(7, 39)}-${arch}-${version}-${bits.toString(16)}-v${compilerVersion}`;
    const stored = store?.read(key);
    const compile = (): Uint8Array => {
      entry.profile ??= parseSeccompProfile(json);
      const names = capabilities.map((number) => capabilityNames[number] ?? "");
      const program = compileFilter(selectRules(entry.profile, { arch, kernel, capabilities: names }));
      store?.write(key, program);
      return program;
    };
    const usable = stored && stored.length > 0 && stored.length % 8 === 0;
    const made = { program: usable ? stored : compile(), flags: entry.profile?.flags ?? 0 };
    entry.compiled.set(bits, made);
    return made;
  };
  return { default: (capabilities) => filter(builtIn, capabilities), custom: filter };
}
