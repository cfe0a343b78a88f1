#!/usr/bin/env bash
# `make sim`: runs simulated worlds, each from one seed, until one violates a property. Prints the command that replays it.
#
#   SEEDS=N      how many (default 1000)
#   FROM=S       the first one (default: a random one, printed)
#   MINUTES=M    stops after so many minutes
#   JOBS=J       threads (default: one for each processor)
#   ARGS=...     more options of `sim run`; `cargo run --release -p watchkeeper-sim --bin sim -- --help` lists them
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

options=(--seeds "${SEEDS:-1000}")
for name in FROM MINUTES JOBS; do
    if [ -n "${!name:-}" ]; then options+=("--${name,,}" "${!name}"); fi
done
for value in "${SEEDS:-1000}" "${FROM:-0}" "${MINUTES:-0}" "${JOBS:-1}"; do
    [[ $value =~ ^[0-9]+$ ]] || fail "\`$value\` is not a number" "make sim SEEDS=1000 FROM=1"
done
read -ra more <<<"${ARGS:-}"
use_rust || fail "no Rust of version $RUST_NEEDED or newer is installed" "scripts/setup.sh test"
cargo build --locked --release --quiet -p watchkeeper-sim --bin sim
exec "${CARGO_TARGET_DIR:-target}/release/sim" run "${options[@]}" "${more[@]}"
