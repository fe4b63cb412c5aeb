#!/usr/bin/env bash
# Programs that only tests need, unpacked into the cache and never installed, so that no service of theirs ever starts.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.hbx-cache/test-tools
packages=(docker-registry skopeo)

[ -x "$tools/usr/bin/docker-registry" ] && [ -x "$tools/usr/bin/skopeo" ] && exit 0
command -v apt-get >/dev/null || { echo "test-tools: not a Debian system: tests with ${packages[*]} are left out"; exit 0; }
draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT
chmod 755 "$draft"
(cd "$draft" && apt-get download -qq "${packages[@]}" >/dev/null 2>&1) ||
  { echo "test-tools: Cannot fetch ${packages[*]}: tests with them are left out"; exit 0; }
mkdir -p "$tools"
for package in "$draft"/*.deb; do dpkg -x "$package" "$tools"; done
