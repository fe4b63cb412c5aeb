/** The architectures a filter can be compiled for: kernel audit number and system call numbers. */
import { aarch64 } from "./syscalls-aarch64.generated.ts";
import { i386 } from "./syscalls-i386.generated.ts";
import { x32 } from "./syscalls-x32.generated.ts";
import { x8664 } from "./syscalls-x86-64.generated.ts";

export type NativeArch = "x86_64" | "aarch64";
export type ArchName = "SCMP_ARCH_X86_64" | "SCMP_ARCH_X86" | "SCMP_ARCH_X32" | "SCMP_ARCH_AARCH64";

export type Arch = {
  name: ArchName;
  /** AUDIT_ARCH_*; x32 shares x86-64's and is told apart by bit 30 of the number. */
  audit: number;
  numbers: Readonly<Record<string, number>>;
};

export const x32Bit = 0x4000_0000;

export const architectures: Readonly<Record<ArchName, Arch>> = {
  SCMP_ARCH_X86_64: { name: "SCMP_ARCH_X86_64", audit: 0xc000_003e, numbers: x8664 },
  SCMP_ARCH_X86: { name: "SCMP_ARCH_X86", audit: 0x4000_0003, numbers: i386 },
  SCMP_ARCH_X32: { name: "SCMP_ARCH_X32", audit: 0xc000_003e, numbers: x32 },
  SCMP_ARCH_AARCH64: { name: "SCMP_ARCH_AARCH64", audit: 0xc000_00b7, numbers: aarch64 },
};

export const nativeArchName: Readonly<Record<NativeArch, ArchName>> = {
  x86_64: "SCMP_ARCH_X86_64",
  aarch64: "SCMP_ARCH_AARCH64",
};

/** As `includes.arches` calls it. */
export const goArch: Readonly<Record<NativeArch, string>> = { x86_64: "amd64", aarch64: "arm64" };

/** What a processor can run beside its own; others named by a profile can never make a call here. */
export const familyOf: Readonly<Record<NativeArch, readonly ArchName[]>> = {
  x86_64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  aarch64: ["SCMP_ARCH_AARCH64"],
};
