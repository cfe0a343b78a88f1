#!/usr/bin/env bash
# `make conformance`: what others say about us. Upstream's Tcl suite, the same commands to the real redis-sentinel
# and to us with every reply compared, quorums shared with Redis's and Valkey's sentinels, real client libraries.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

step setup scripts/setup.sh conformance
use_rust
step clients conformance/clients/install.sh
# What users run is what is tested: the release build.
step build cargo build --locked --release -p watchkeeper
WATCHKEEPER_BIN=$(readlink -f "${CARGO_TARGET_DIR:-target}/release/watchkeeper")
export WATCHKEEPER_BIN
step build-tests cargo test --locked -p watchkeeper-conformance --no-run
step tcl-suite cargo run --locked --quiet -p watchkeeper-conformance --bin tcl-suite
step differential cargo run --locked --quiet -p watchkeeper-conformance --bin differential
step tests cargo test --locked -p watchkeeper-conformance
steps_summary
