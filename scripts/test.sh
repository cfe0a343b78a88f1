#!/usr/bin/env bash
# `make test`: everything that must hold before a change goes in.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

step setup scripts/setup.sh test
use_rust

if cargo fmt --version >/dev/null 2>&1; then
    step fmt cargo fmt --all --check
else
    skip fmt "no rustfmt for $(rustc --version)"
fi
if cargo clippy --version >/dev/null 2>&1; then
    step clippy cargo clippy --locked --workspace --all-targets -- -D warnings
else
    skip clippy "no clippy for $(rustc --version)"
fi
if git rev-parse --git-dir >/dev/null 2>&1; then
    step tidy cargo run --locked --quiet -p xtask -- tidy
else
    skip tidy "this is no git checkout"
fi
# The workspace's own tests, end to end with real servers. What needs other people's clients, suites or servers
# is `make conformance`.
step build cargo test --locked --workspace --exclude watchkeeper-conformance --no-run
# Those that take long wait for servers most of the time: twice as many at once as there are cores.
step test env RUST_TEST_THREADS=$((2 * $(nproc))) cargo test --locked --workspace --exclude watchkeeper-conformance
# More fixed seeds than the tests above have time for in a debug build.
step sim env FROM=76 SEEDS=160 MINUTES=2 scripts/sim.sh
# And some that nobody has seen yet; the first is printed, so that a failure can be played again.
step sim-fresh env SEEDS=40 MINUTES=1 scripts/sim.sh
# What a failover, an idle hour and the decoders cost, in instructions: those are the same on a busy machine.
if command -v valgrind >/dev/null; then
    step counts cargo run --locked --quiet -p xtask -- counts
else
    skip counts "no valgrind"
fi
steps_summary
