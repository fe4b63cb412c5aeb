/** Names of filesystems by the kernel's magic numbers (statfs(2)). */
const names = new Map<number, string>([
  [0xef53, "extfs"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x01021994, "tmpfs"],
  [0x794c7630, "overlayfs"],
  [0x2fc12fc1, "zfs"],
  [0xf2f52010, "f2fs"],
  [0x6969, "nfs"],
  [0x01021997, "9p"],
  [0x65735546, "fuse"],
  [0x6a656a63, "virtiofs"],
]);

export function filesystemName(magic: number): string {
  // Some kernels hand the number out with its sign.
  return names.get(magic >>> 0) ?? `0x${(magic >>> 0).toString(16)}`;
}
