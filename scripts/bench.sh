#!/usr/bin/env bash
# `make bench`: measures Watchkeeper beside a real redis-sentinel on this machine, part by part, and prints the table of all
# parts as they were measured last. The program that measures is conformance/src/bin/bench; what is measured is the
# release build. docs/internals/bench.md says what each part does and how to read the table.
#
# usage: scripts/bench.sh [PART...]     default: all but the last three
#   parts: crash refused hang election demotion mass watch queries subscribers; false-alarms replication explain
#   environment (make passes it on: make bench PARTS=crash RUNS=20):
#     RUNS, SIZE, SECONDS_EACH, MINUTES    how often, how many, how long
#     VALKEY=yes                           Valkey's sentinel as well, where it differs
#     ONLY=ours|theirs                     one side alone, to look into it
#     MEGABYTES                            of `replication` and `explain`
#     RESULTS                              where results are kept, default bench/results
# A part that fails does not keep the others from running; the exit status tells whether one did.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

all=(crash refused hang election demotion mass watch queries subscribers false-alarms replication explain)
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=("${all[@]:0:${#all[@]}-3}")
for name in "${wanted[@]}"; do
    [[ " ${all[*]} " == *" $name "* ]] || fail "\`$name\` is no part" "parts: ${all[*]}"
done

step setup scripts/setup.sh bench
use_rust
step clients conformance/clients/install.sh --python
step build build_release
# As fast as what it measures: it shares the processors with it.
step build-bench cargo build --locked --quiet --release -p watchkeeper-conformance --bin bench
bench=$(readlink -f "${CARGO_TARGET_DIR:-target}/release/bench")
# Thousands of connections, where the machine lets us.
ulimit -n "$(ulimit -Hn)" || true
# What a part leaves when it is broken off goes with the script.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
measured=no
for name in "${wanted[@]}"; do
    case $name in
    replication) try replication scripts/bench-replication.sh "${MEGABYTES:-100}" || true ;;
    explain) try explain scripts/bench-explain.sh "${MEGABYTES:-1024}" || true ;;
    *)
        measured=yes
        TMPDIR=$work try "$name" "$bench" "$name" || true
        ;;
    esac
done
steps_summary
if [ $measured = yes ]; then "$bench" table; fi
[ "$FAILED" = 0 ] || fail "$FAILED of ${#wanted[@]} parts failed" "one part alone: make bench PARTS=NAME"
