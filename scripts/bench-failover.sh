#!/usr/bin/env bash
# `make bench-failover`: kills a master again and again, watched by three of our sentinels and by three of Redis's in
# turn, on this machine, and prints how long it took until the new master accepted a write. The program that measures
# is conformance/src/bin/bench_failover; what is measured is the release build.
#
# usage: scripts/bench-failover.sh [RUNS] [FILE]
#   RUNS     of each, default 5
#   FILE     one line of CSV per run, default bench/results/failover-DATE.csv
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

runs=${1:-5}
[[ $runs =~ ^[1-9][0-9]*$ ]] || fail "\`$runs\` is not a number of runs, expected 1 or more" "usage: scripts/bench-failover.sh [RUNS] [FILE]"
file=${2:-bench/results/failover-$(date +%F).csv}
mkdir -p "$(dirname "$file")"
scripts/setup.sh test
use_rust
build_release
cargo build --locked --quiet -p watchkeeper-conformance --bin bench_failover
say "watchkeeper: $(git describe --always --dirty 2>/dev/null || echo "not a git checkout"), release build; $(redis-sentinel --version)"
# A run that is broken off leaves the results of the last whole one as they were.
trap 'rm -f "$file.tmp"' EXIT
"${CARGO_TARGET_DIR:-target}/debug/bench_failover" "$runs" "$file.tmp"
mv "$file.tmp" "$file"
say "every run: $file"
