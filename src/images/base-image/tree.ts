/** The root filesystem of the base image: one program under all of its names, and the files that programs look for. */
import type { TarEntry } from "../archive/tar-writer.ts";

const text = (name: string, content: string): TarEntry => ({ name, bytes: new TextEncoder().encode(content) });

const directories: [string, number][] = [
  ["bin/", 0o755],
  ["dev/", 0o755],
  ["etc/", 0o755],
  ["home/", 0o755],
  ["proc/", 0o755],
  ["root/", 0o700],
  ["run/", 0o755],
  ["sys/", 0o755],
  ["tmp/", 0o1777],
  ["usr/", 0o755],
  ["var/", 0o755],
  ["var/tmp/", 0o1777],
];

const links: [string, string][] = [
  ["sbin", "bin"],
  ["usr/bin", "../bin"],
  ["usr/sbin", "../bin"],
  ["var/run", "../run"],
];

const files: TarEntry[] = [
  text(
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  ),
  text("etc/group", "root:x:0:\ndaemon:x:1:\nadm:x:4:\ntty:x:5:\nmail:x:8:\nusers:x:100:\nnogroup:x:65534:\n"),
  text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
  text("etc/os-release", 'NAME="HyperBox base"\nID=hyperbox-base\nPRETTY_NAME="HyperBox base (busybox)"\n'),
  text("etc/profile", "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"),
];

export function baseTree(busybox: Uint8Array, applets: readonly string[]): TarEntry[] {
  return [
    ...directories.map(([name, mode]): TarEntry => ({ name, directory: true, mode })),
    { name: "bin/busybox", bytes: busybox, mode: 0o755 },
    ...applets
      .filter((applet) => applet !== "busybox")
      .map((applet): TarEntry => ({ name: `bin/${applet}`, linkTarget: "busybox" })),
    ...links.map(([name, linkTarget]): TarEntry => ({ name, linkTarget })),
    ...files,
  ];
}
