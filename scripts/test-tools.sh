#!/usr/bin/env bash
# Programs that only tests need, unpacked into the cache and never installed, so that no service of theirs ever starts.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.hbx-cache/test-tools
packages=(docker-registry skopeo)
compose=usr/libexec/docker/cli-plugins/docker-compose

[ -x "$tools/usr/bin/docker-registry" ] && [ -x "$tools/usr/bin/skopeo" ] && [ -x "$tools/$compose" ] && exit 0
command -v apt-get >/dev/null || { echo "test-tools: not a Debian system: tests with ${packages[*]} are left out"; exit 0; }
draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT
chmod 755 "$draft"

# Packages that were downloaded into `$draft`.
unpack() {
  mkdir -p "$tools"
  for package in "$draft"/*.deb; do dpkg -x "$package" "$tools"; rm "$package"; done
}

if [ ! -x "$tools/usr/bin/docker-registry" ] || [ ! -x "$tools/usr/bin/skopeo" ]; then
  if (cd "$draft" && apt-get download -qq "${packages[@]}" >/dev/null 2>&1); then unpack
  else echo "test-tools: Cannot fetch ${packages[*]}: tests with them are left out"; fi
fi

# Compose 2 is in Debian's newer suites only. Its package index is read into a directory of our own.
if [ ! -x "$tools/$compose" ]; then
  mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -1 | tr -d ' ' || true)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} sid main" >"$draft/sid.list"
  mkdir -p "$draft/lists/partial" "$draft/archives/partial"
  newer=(-o "Dir::Etc::SourceList=$draft/sid.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$draft/lists"
    -o "Dir::Cache=$draft" -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User=root)
  if (cd "$draft" && apt-get "${newer[@]}" update -qq && apt-get "${newer[@]}" download -qq docker-compose) >/dev/null 2>&1; then unpack
  else echo "test-tools: Cannot fetch docker-compose: tests with it are left out"; fi
fi
