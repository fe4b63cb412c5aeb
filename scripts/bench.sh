#!/usr/bin/env bash
# Benchmarks by name (see bench/main.ts): sets the project up, fetches the engines to compare with, measures.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
case " $* " in
  *" start "* | *" exec "* | *" unpack "* | *" network "* | *" all "*) bash scripts/comparators.sh ;;
esac
exec node_modules/bun/bin/bun.exe bench/main.ts "$@"
