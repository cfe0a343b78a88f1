#!/usr/bin/env bash
# `make chaos`: faults drawn from a seed on real servers and real sentinels, on hosts that are network namespaces.
# What is done and what must hold: docs/internals/chaos.md. The program is conformance/src/chaos; its other options go
# after the script's name. Needs root.
#
# usage: [SEED=1] [FAULTS=28] [FLAVOUR="ours mixed redis"] [LANES=1] [OUT=DIR] scripts/chaos.sh [OPTION VALUE]...
#   FLAVOUR   whose sentinels, one run after the other, default `ours`
#   LANES     groups side by side, default 1; each takes about 10 % of a core
#   OUT       one file of results for each flavour is appended to there
# scripts/chaos.sh table|kinds|possible ... is handed to the program as it is.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

seed=${SEED:-1} faults=${FAULTS:-28} lanes=${LANES:-1}
for number in "$seed" "$faults" "$lanes"; do
    [[ $number =~ ^[0-9]+$ ]] || fail "\`$number\` is not a number" "usage: make chaos [SEED=1] [FAULTS=28] [LANES=1] [FLAVOUR=ours]"
done
for tool in ip:iproute2 iptables-restore:iptables; do
    command -v "${tool%%:*}" >/dev/null || fail "\`${tool%%:*}\` is not found; hosts are made with it" "apt-get install ${tool#*:}"
done
scripts/setup.sh test
use_rust
build_release
cargo build --locked --quiet -p watchkeeper-conformance --bin chaos
chaos="${CARGO_TARGET_DIR:-target}/debug/chaos"
case ${1:-} in table | kinds | possible) exec "$chaos" "$@" ;; esac

status=0
for flavour in ${FLAVOUR:-ours}; do
    out=()
    if [ -n "${OUT:-}" ]; then
        mkdir -p "$OUT"
        out=(--out "$OUT/chaos-$flavour-$(date +%F).jsonl")
    fi
    "$chaos" --flavour "$flavour" --seed "$seed" --faults "$faults" --lanes "$lanes" "${out[@]}" "$@" || status=$?
done
exit "$status"
