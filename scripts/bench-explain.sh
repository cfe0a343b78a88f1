#!/usr/bin/env bash
# `make bench PARTS=explain`: how fast `watchkeeper explain` reads a log of 1 GB, and in how much memory, beside `wc -l` and
# `grep -c +switch-master` on the same file. The log is made from the recorded incidents, in the directory for temporary
# files (TMPDIR), and removed again. scripts/bench-explain.py makes and measures; what is measured is the release build.
#
# usage: scripts/bench-explain.sh [MEGABYTES] [FILE]
#   MEGABYTES  of log, default 1024
#   FILE       one line of CSV per run, default bench/results/explain-DATE.csv
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

megabytes=${1:-1024}
[[ $megabytes =~ ^[1-9][0-9]*$ ]] || fail "\`$megabytes\` is not a number of megabytes, expected 1 or more" "usage: scripts/bench-explain.sh [MEGABYTES] [FILE]"
file=${2:-bench/results/explain-$(date +%F).csv}
folder=${TMPDIR:-/tmp}
room=$(($(df --output=avail -k "$folder" | tail -n 1) / 1024))
[ "$room" -gt "$megabytes" ] || fail "\`$folder\` has room for $room MB, $megabytes are needed" "name another directory: TMPDIR=/var/tmp make bench PARTS=explain"
[ -x /usr/bin/time ] || fail "\`/usr/bin/time\` is not installed" "apt-get install time"
mkdir -p "$(dirname "$file")"
use_rust || fail "no Rust $RUST_NEEDED or newer was found" "scripts/setup.sh test"
build_release
say "watchkeeper: $(git describe --always --dirty 2>/dev/null || echo "not a git checkout"), release build; $(nproc) processors"
# A run that is broken off leaves the results of the last whole one as they were.
work=$(mktemp -d)
trap 'rm -rf "$file.tmp" "$work"' EXIT
TMPDIR=$work PYTHONDONTWRITEBYTECODE=1 python3 scripts/bench-explain.py "$WATCHKEEPER_BIN" "$megabytes" "$file.tmp"
mv "$file.tmp" "$file"
say "every run: $file"
