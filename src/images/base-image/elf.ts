/** Enough of ELF (64-bit, little-endian) to know that a program runs by itself, and where. */
import { badBusybox } from "./errors.ts";

const machines = new Map<number, string>([
  [62, "amd64"],
  [183, "arm64"],
  [243, "riscv64"],
]);
const interpreterSegment = 3;

/** The architecture of a static program, as Go names it. */
export function staticArchitecture(program: Uint8Array, path: string): string {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  if (program.byteLength < 64 || view.getUint32(0) !== 0x7f454c46) throw badBusybox(path, "it is not an ELF program");
  if (program[4] !== 2 || program[5] !== 1) throw badBusybox(path, "it is not a 64-bit little-endian program");
  const architecture = machines.get(view.getUint16(18, true));
  if (architecture === undefined) throw badBusybox(path, "it is for another kind of machine");
  const offset = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  for (let index = 0; index < count; index++) {
    const at = offset + index * size;
    if (at + 4 > program.byteLength) throw badBusybox(path, "its program headers are cut off");
    if (view.getUint32(at, true) === interpreterSegment) throw badBusybox(path, "it is linked dynamically");
  }
  return architecture;
}
