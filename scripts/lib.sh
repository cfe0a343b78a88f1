# Shared by the scripts of this folder; sourced, not run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The oldest compiler that will do is stated once, in Cargo.toml.
RUST_NEEDED=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml")

if [ -t 1 ]; then BOLD=$'\e[1m' PLAIN=$'\e[0m'; else BOLD='' PLAIN=''; fi

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

# version_at_least HAVE NEED: compares dotted numbers ("1.85.0+dfsg3" counts as 1.85.0).
version_at_least() {
    local have=${1%%[!0-9.]*}
    [ -n "$have" ] && [ "$(printf '%s\n%s\n' "$2" "$have" | sort -V | head -n 1)" = "$2" ]
}

# Puts a Rust toolchain that is new enough first in PATH: the one of the user where it will do, else the
# distribution's. Fails silently when there is none.
use_rust() {
    local dir version found=()
    if command -v cargo >/dev/null; then found+=("$(dirname "$(command -v cargo)")"); fi
    found+=("${CARGO_HOME:-$HOME/.cargo}/bin" /usr/bin /usr/lib/rust-*/bin)
    for dir in "${found[@]}"; do
        if ! [ -x "$dir/cargo" ] || ! [ -x "$dir/rustc" ]; then continue; fi
        version=$("$dir/rustc" --version 2>/dev/null | cut -d ' ' -f 2) || continue
        if version_at_least "$version" "$RUST_NEEDED"; then
            export PATH="$dir:$PATH"
            return 0
        fi
    done
    return 1
}

# A server to test against; both names speak the same protocol.
find_server() { command -v redis-server || command -v valkey-server; }

# The program users run, and the one the conformance tests take.
build_release() {
    cargo build --locked --release -p watchkeeper || return
    WATCHKEEPER_BIN=$(readlink -f "${CARGO_TARGET_DIR:-target}/release/watchkeeper")
    export WATCHKEEPER_BIN
}

# debian_base IMAGE SUITE: makes the image in Docker's engine unless it is there: what debootstrap makes, plus make.
debian_base() {
    local dir
    if docker image inspect "$1" >/dev/null 2>&1; then return; fi
    command -v debootstrap >/dev/null || fail "\`debootstrap\` is not installed" "apt-get install debootstrap"
    [ "$(id -u)" = 0 ] || fail "debootstrap needs root" "run the first time as root; later runs use the kept image"
    dir=$(mktemp -d)
    say "base: debootstrap $2"
    debootstrap --variant=minbase --include=make "$2" "$dir/root" >"$dir/log" 2>&1 ||
        { tail -n 5 "$dir/log" >&2; rm -rf "$dir"; fail "debootstrap failed"; }
    tar -C "$dir/root" -c . | docker import - "$1" >/dev/null
    rm -rf "$dir"
}

# try NAME COMMAND...: runs it, prints how long it took, remembers that for `steps_summary`; counts failures.
STEPS=()
FAILED=0
try() {
    local name=$1 start=$SECONDS status=0 verdict=ok
    shift
    say "${BOLD}== $name${PLAIN}: $*"
    "$@" || status=$?
    if [ "$status" -ne 0 ]; then
        verdict=FAILED
        FAILED=$((FAILED + 1))
    fi
    local took=$((SECONDS - start))
    STEPS+=("$(printf '%-18s %-6s %5d s' "$name" "$verdict" "$took")")
    say "== $name: $verdict, $took s"
    return "$status"
}

# step NAME COMMAND...: the same, and nothing after it is run when it fails.
step() {
    local status=0
    try "$@" || status=$?
    if [ "$status" -ne 0 ]; then
        steps_summary
        fail "step \`$1\` failed (status $status): \`${*:2}\`" "run that command alone to see only its output"
    fi
}

# skip NAME WHY: for a step whose tool cannot be had here.
skip() {
    STEPS+=("$(printf '%-18s skipped: %s' "$1" "$2")")
    say "== $1: skipped: $2"
}

steps_summary() {
    say ""
    say "${BOLD}steps${PLAIN} (total $SECONDS s)"
    printf '  %s\n' "${STEPS[@]}"
}
