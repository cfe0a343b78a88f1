#!/usr/bin/env bash
# `make conformance`: what others say about us. Upstream's Tcl suite first, then the rest.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

step setup scripts/setup.sh conformance
use_rust
step build cargo build --locked --release -p watchkeeper
steps_summary
