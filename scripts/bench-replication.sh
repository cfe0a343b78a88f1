#!/usr/bin/env bash
# `make bench PARTS=replication`: what leaves a master toward 2, 4 and 8 replicas, in a star and in a chain that Watchkeeper
# orders, on this machine: bytes of a steady stream and of a full copy, and how far behind the last replica is. The program
# that measures is conformance/src/bin/bench_replication.
#
# usage: scripts/bench-replication.sh [MEGABYTES] [FILE]
#   MEGABYTES  of payload, default 100; each server holds as much
#   FILE       one line of CSV per run, default bench/results/replication-DATE.csv
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

megabytes=${1:-100}
[[ $megabytes =~ ^[1-9][0-9]*$ ]] || fail "\`$megabytes\` is not a number of megabytes, expected 1 or more" "usage: scripts/bench-replication.sh [MEGABYTES] [FILE]"
file=${2:-bench/results/replication-$(date +%F).csv}
mkdir -p "$(dirname "$file")"
scripts/setup.sh test
use_rust
build_release
cargo build --locked --quiet -p watchkeeper-conformance --bin bench_replication
say "watchkeeper: $(git describe --always --dirty 2>/dev/null || echo "not a git checkout"), release build; $(redis-server --version)"
# A run that is broken off leaves the results of the last whole one as they were.
trap 'rm -f "$file.tmp"' EXIT
"${CARGO_TARGET_DIR:-target}/debug/bench_replication" "$megabytes" "$file.tmp"
mv "$file.tmp" "$file"
say "every run: $file"
