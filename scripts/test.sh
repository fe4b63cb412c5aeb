#!/usr/bin/env bash
# All tests: sets itself up, then unit, native, integration (real kernel), security and fuzz tests.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
export PATH="$HOME/.cargo/bin:$PATH"
exec node_modules/bun/bin/bun.exe scripts/run-tests.ts "$@"
