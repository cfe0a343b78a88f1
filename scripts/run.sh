#!/usr/bin/env bash
# `make run`: installs what is missing, builds and runs the demo. Arguments go to the demo.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

scripts/setup.sh run
use_rust
cargo build --locked -p watchkeeper
# Without a terminal nobody can press Ctrl-C: the demo then ends by itself when the old master has rejoined.
exec "${CARGO_TARGET_DIR:-target}/debug/watchkeeper" demo "$@"
