#!/usr/bin/env bash
# From a fresh clone to a running container: sets everything up, shows a start step by step and beside other engines,
# leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
exec node_modules/bun/bin/bun.exe bench/demo.ts "$@"
