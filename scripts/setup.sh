#!/usr/bin/env bash
# Installs what a fresh Debian 12 lacks and builds everything. Safe to run again: a second run only checks.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Packages the build and the tests need. None of them starts a service.
packages=(build-essential busybox-static ca-certificates erofs-utils nftables iproute2 uidmap)

install_packages() {
  command -v dpkg-query >/dev/null || { say "not a Debian system: install ${packages[*]} yourself"; return; }
  local missing=()
  for name in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || die "Cannot install ${missing[*]}: not root. Run: sudo apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_node_modules() {
  if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "installing npm packages"
    # Not `npm ci`: it refuses a lock file without the optional packages of platforms that the registry at hand lacks.
    npm install --no-save --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
  fi
  # Some npm versions skip install scripts; bun's fetches nothing, it links the binary of its platform package.
  node_modules/bun/bin/bun.exe --version >/dev/null 2>&1 || node node_modules/bun/install.js
}

check_rust() {
  export PATH="$HOME/.cargo/bin:$PATH"
  command -v cargo >/dev/null || die "Cannot build the native core: there is no Rust compiler. Install one from https://rustup.rs (1.87 or newer), then run this again"
  local version
  version=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
  [ "$version" -ge 87 ] || die "Cannot build the native core: $(rustc --version) is too old. Run: rustup update stable (1.87 or newer is needed)"
}

build_all() {
  (cd native && cargo build --release --locked --quiet -p hbx-core -p hbx-front)
  node scripts/build.mjs --if-changed
}

install_packages
install_node_modules
check_rust
build_all
bash scripts/test-tools.sh
say "ready"
