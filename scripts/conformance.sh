#!/usr/bin/env bash
# `make conformance`: what others say about us. Upstream's Tcl suite, the same commands to the real redis-sentinel
# and to us with every reply compared, quorums shared with Redis's and Valkey's sentinels, real client libraries; Helm's and kubectl's
# own code, lintian and dpkg on what is made for them.
#
# usage: scripts/conformance.sh [STEP...]      default: all of them, in the order below
#   RUNS=N       how often the Tcl suite is run (default 1)
# A step that fails does not keep the others from running; the exit status tells whether one did.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

runs=${RUNS:-1}
[[ $runs =~ ^[1-9][0-9]*$ ]] || fail "\`RUNS=$runs\` is not a number of runs, expected 1 or more"
all=(harness tcl-suite differential config_round_trip mixed doctor status clients_real clients_scripted tilt scripts document check bad_input chaos kubernetes deployment deb)
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=("${all[@]}")
for name in "${wanted[@]}"; do
    [[ " ${all[*]} " == *" $name "* ]] || fail "\`$name\` is no step" "steps: ${all[*]}"
done

step setup scripts/setup.sh conformance
use_rust
missing=$(conformance/clients/install.sh --missing)
if [ -z "$missing" ]; then step clients conformance/clients/install.sh; else skip clients "not packaged here:$missing"; fi
# What users run is what is tested: the release build.
step build build_release
step build-tests cargo test --locked --quiet -p watchkeeper-conformance --no-run

in_conformance() { cargo "$1" --locked --quiet -p watchkeeper-conformance "${@:2}"; }
# A short fixed seed; `make chaos` goes on for as long as one likes. Ours alone, then a quorum shared with Redis's.
chaos_step() {
    local why
    if ! why=$(in_conformance run --bin chaos -- possible 2>&1); then
        skip chaos "$(tr '\n' ' ' <<<"$why")"
        return
    fi
    try chaos in_conformance run --bin chaos -- --seed 101 --faults 8 --lanes 2 --look
    try chaos-mixed in_conformance run --bin chaos -- --seed 7 --faults 4 --lanes 2 --look --flavour mixed
}
# docker-compose.yml for real, where a Docker engine answers.
deployment_step() {
    local why
    if ! why=$(in_conformance run --bin deployment -- possible 2>&1); then
        skip deployment "$(tr '\n' ' ' <<<"$why")"
        return
    fi
    try docker-bases scripts/docker-bases.sh debian rust redis || return 0
    try deployment in_conformance run --bin deployment
}
# What is made for other people's tools, checked with these; skipped with the reason where they cannot be had.
packaged_step() {
    local why
    if why=$("scripts/$1-test.sh" --possible 2>&1); then try "$1" "scripts/$1-test.sh"; else skip "$1" "$why"; fi
}
run_step() {
    case $1 in
    harness) try harness in_conformance test --lib --bins --test harness ;;
    tcl-suite) try tcl-suite in_conformance run --bin tcl-suite -- --runs "$runs" ;;
    differential) try differential in_conformance run --bin differential ;;
    clients_*) if [ -z "$missing" ]; then try "$1" in_conformance test --test "$1"; else skip "$1" "not packaged here:$missing"; fi ;;
    kubernetes | deb) packaged_step "$1" ;;
    chaos) chaos_step ;;
    deployment) deployment_step ;;
    *) try "$1" in_conformance test --test "$1" ;;
    esac
}
for name in "${wanted[@]}"; do
    run_step "$name" || true
done
steps_summary
[ "$FAILED" = 0 ] || fail "$FAILED of ${#wanted[@]} steps failed" "one step alone: scripts/conformance.sh NAME"
