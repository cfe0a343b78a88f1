#!/usr/bin/env bash
# `make sim-canaries`: builds the core with its deliberate bugs, turns each on, and runs simulated worlds until one
# fails that does not fail without it. Prints the table: the bug, how many seeds it took, the property that caught it.
#
# usage: scripts/sim-canaries.sh [OPTION...]     options of `sim canaries`: --from S, --most N, --name NAME
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

use_rust || fail "no Rust of version $RUST_NEEDED or newer is installed" "scripts/setup.sh test"
# A folder of its own: the other builds must never contain them.
dir="${CARGO_TARGET_DIR:-target}/canaries"
RUSTFLAGS="${RUSTFLAGS:-} --cfg watchkeeper_canary" CARGO_TARGET_DIR="$dir" \
    cargo build --locked --release --quiet -p watchkeeper-sim --bin sim
exec "$dir/release/sim" canaries "$@"
