#!/usr/bin/env bash
# `make bench-failover`: kills a master again and again, watched by our sentinels and by upstream's in turn, on this
# machine, and prints how long a client that follows the sentinels could not write. The demo does the measuring.
#
# usage: scripts/bench-failover.sh [RUNS]     default: 5 of each
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

runs=${1:-5}
[[ $runs =~ ^[1-9][0-9]*$ ]] || fail "\`$runs\` is not a number of runs, expected 1 or more" "usage: scripts/bench-failover.sh [RUNS]"
scripts/setup.sh test
use_rust
cargo build --locked --release -p watchkeeper
ours=$(readlink -f "${CARGO_TARGET_DIR:-target}/release/watchkeeper")
theirs=$(command -v redis-sentinel || command -v valkey-sentinel) || fail "no \`redis-sentinel\` to compare with"

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# one NAME PROGRAM: a line of milliseconds: the outage, then detection, agreement, election, promotion.
one() {
    local text
    text=$("$ours" demo --once --lang en --seconds 1 --sentinel-program "$2" </dev/null)
    awk '
        / ms .* (detection|agreement|election|selection and promotion)[: ]/ { phase[++n] = $1 }
        /No write was accepted for/ { outage = $6 }
        END { if (n != 4 || outage == "") exit 1; print outage, phase[1], phase[2], phase[3], phase[4] }
    ' <<<"$text" >>"$results/$1" || { say "$text" >&2; fail "a run of $1 gave no result"; }
    say "  $1: outage $(tail -n 1 "$results/$1" | cut -d ' ' -f 1) ms"
}

for run in $(seq "$runs"); do
    say "run $run of $runs"
    one watchkeeper "$ours"
    one upstream "$theirs"
done

column() { cut -d ' ' -f "$2" "$results/$1" | sort -n; }
median() { column "$1" "$2" | awk '{ a[NR] = $1 } END { print (NR % 2) ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'; }
worst() { column "$1" "$2" | tail -n 1; }

say ""
say "milliseconds after kill -9 of the master, down-after-milliseconds 2000, $runs runs of each; median (worst)"
printf '%-22s %18s %18s\n' "" watchkeeper "$(basename "$theirs")"
number=0
for name in "no write accepted" detection agreement election "promotion"; do
    number=$((number + 1))
    printf '%-22s %18s %18s\n' "$name" "$(median watchkeeper $number) ($(worst watchkeeper $number))" "$(median upstream $number) ($(worst upstream $number))"
done
