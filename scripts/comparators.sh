#!/usr/bin/env bash
# Fetches the engines that the benchmarks compare with. Only `npm run bench` and the demo's comparison need them;
# what can't be had is reported and its column left out. Docker is unpacked into a cache, never installed, so that no
# service of its own starts.
set -uo pipefail
cd "$(dirname "$0")/.."
cache="$PWD/.hbx-cache/comparators"
[ "$(id -u)" -eq 0 ] || { echo "comparators: skipped, not root"; exit 0; }
command -v apt-get >/dev/null || { echo "comparators: skipped, no apt-get"; exit 0; }

missing=()
for name in runc crun bubblewrap podman iptables mmdebstrap; do
  dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 \
    || echo "comparators: cannot install ${missing[*]}"
fi

if [ ! -x "$cache/usr/sbin/dockerd" ]; then
  mkdir -p "$cache/debs"
  (cd "$cache/debs" && apt-get download -qq docker.io containerd tini libbtrfs0 >/dev/null 2>&1) \
    || echo "comparators: cannot download docker.io"
  for deb in "$cache"/debs/*.deb; do [ -e "$deb" ] && dpkg -x "$deb" "$cache"; done
  rm -rf "$cache/debs"
fi
# The newest Docker of Debian needs a newer libc than this one: it gets a root file system of its own (540 MB).
newest="$PWD/.hbx-cache/docker28"
if [ ! -x "$newest/usr/sbin/dockerd" ]; then
  rm -rf "$newest" "$newest.new"
  mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --include=docker.io,docker-cli,docker-compose,docker-buildx,iptables,procps,ca-certificates \
    sid "$newest.new" http://deb.debian.org/debian >/dev/null 2>&1 && mv "$newest.new" "$newest" \
    || { rm -rf "$newest.new"; echo "comparators: cannot make a root file system with Docker 28"; }
fi
[ -x "$newest/usr/sbin/dockerd" ] && echo "comparators: $(chroot "$newest" dockerd --version)"
[ -x "$cache/usr/sbin/dockerd" ] && echo "comparators: $("$cache/usr/sbin/dockerd" --version)"
for tool in podman runc crun bwrap; do command -v $tool >/dev/null && echo "comparators: $($tool --version | head -1)"; done
exit 0
