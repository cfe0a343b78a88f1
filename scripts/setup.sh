#!/usr/bin/env bash
# Installs what is missing to build, run and test Watchkeeper, and nothing that is there already.
#
# usage: scripts/setup.sh run|test|conformance|bench
#
# Packages come from the distribution by apt-get. A Rust toolchain of yours is used when it is new enough;
# else the distribution's newest is installed: `rustc` where that will do (Debian 13), `rustc-web` on Debian 12,
# a numbered `rustc-1.NN` on Ubuntu. Servers installed here are neither started nor enabled as a service.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

purpose=${1:-}
case $purpose in
run | test | conformance | bench) ;;
*) fail "\`$purpose\` is not something to set up for, expected \`run\`, \`test\`, \`conformance\` or \`bench\`" "usage: scripts/setup.sh run|test|conformance|bench" ;;
esac

APT_UPDATED=no
apt_update() {
    if [ "$APT_UPDATED" = no ]; then
        say "setup: apt-get update"
        as_root apt-get update -qq
        APT_UPDATED=yes
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "\`$*\` needs root, and there is no \`sudo\`" "run this as root: scripts/setup.sh $purpose"
    fi
}

need_apt() {
    command -v apt-get >/dev/null && return
    fail "missing: $1, and this system has no \`apt-get\` to install it with" "$2"
}

# install WHAT-FOR PACKAGE...: with a policy that keeps the packages' services from being started.
install() {
    local why=$1 policy=/usr/sbin/policy-rc.d made=no status=0
    shift
    apt_update
    say "setup: installing $* ($why)"
    if [ ! -e $policy ]; then
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"
        made=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$LOG" 2>&1 || status=$?
    if [ $made = yes ]; then as_root rm -f $policy; fi
    if [ $status -ne 0 ]; then
        tail -n 20 "$LOG" >&2
        fail "\`apt-get install $*\` failed (status $status)" "the lines above are its last ones; repair that and run this again"
    fi
}

# The version apt would install, or nothing.
candidate() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p' | sed 's/^[0-9]*://; s/(none)//'; }
available() { [ -n "$(candidate "$1")" ]; }

setup_rust() {
    if use_rust; then
        say "setup: Rust: $(rustc --version) in $(dirname "$(command -v rustc)")"
        return
    fi
    need_apt "a Rust toolchain, $RUST_NEEDED or newer" "install one from https://rustup.rs or your distribution"
    apt_update
    local pair numbered=()
    mapfile -t numbered < <(apt-cache pkgnames rustc-1. | grep -E '^rustc-1\.[0-9]+$' | sort -rV)
    for pair in "rustc cargo" "rustc-web cargo-web" "${numbered[@]/%/ }"; do
        local rustc=${pair%% *} cargo=${pair##* }
        cargo=${cargo:-cargo-${rustc#rustc-}}
        if version_at_least "$(candidate "$rustc")" "$RUST_NEEDED" && available "$cargo"; then
            install "no Rust toolchain of $RUST_NEEDED or newer was found" "$rustc" "$cargo"
            use_rust || fail "\`$rustc\` was installed, yet no \`rustc\` of $RUST_NEEDED or newer is found" "look at: dpkg -L $rustc"
            say "setup: Rust: $(rustc --version)"
            return
        fi
    done
    fail "no Rust toolchain of $RUST_NEEDED or newer is found, and this distribution has none" "install one from https://rustup.rs"
}

# rustfmt and clippy belong to the toolchain in use: the distribution's packages can serve only its own.
setup_rust_tools() {
    local dir
    dir=$(dirname "$(command -v cargo)")
    local missing=()
    "$dir/cargo" fmt --version >/dev/null 2>&1 || missing+=(rustfmt)
    "$dir/cargo" clippy --version >/dev/null 2>&1 || missing+=(clippy)
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v dpkg >/dev/null || ! dpkg -S "$(readlink -f "$dir/rustc")" >/dev/null 2>&1; then
        say "setup: not found: ${missing[*]}; hint: rustup component add ${missing[*]}"
        return
    fi
    apt_update
    local tool names=() name
    for tool in "${missing[@]}"; do
        case $(dpkg -S "$(readlink -f "$dir/rustc")") in
        rustc-web:*) if [ "$tool" = rustfmt ]; then name=rustfmt-web; else name=rust-web-clippy; fi ;;
        rustc-1.*) # Ubuntu: rustfmt-1.85, rust-1.85-clippy
            name=$(dpkg -S "$(readlink -f "$dir/rustc")" | cut -d: -f1)
            if [ "$tool" = rustfmt ]; then name=rustfmt-${name#rustc-}; else name=rust-${name#rustc-}-clippy; fi ;;
        *) if [ "$tool" = rustfmt ]; then name=rustfmt; else name=rust-clippy; fi ;;
        esac
        if available "$name"; then names+=("$name"); else say "setup: \`$tool\` is not packaged here; its step will be skipped"; fi
    done
    [ ${#names[@]} -eq 0 ] || install "fmt and clippy" "${names[@]}"
}

# need COMMAND PACKAGE WHY
need() {
    command -v "$1" >/dev/null && return
    need_apt "\`$1\` ($3)" "install the package that holds \`$1\`"
    install "$3" "$2"
}

# need_apt_package PACKAGE WHY: for what is no command.
need_apt_package() {
    need_apt "\`$1\` ($2)" "install the package \`$1\`"
    install "$2" "$1"
}

# Called only for what was installed just now. The policy above kept it from starting, unless the machine has one
# of its own.
disable_service() {
    if command -v systemctl >/dev/null && [ -e "/lib/systemd/system/$1.service" ]; then
        as_root systemctl disable --quiet --now "$1" 2>/dev/null || true
    elif [ -x "/etc/init.d/$1" ]; then
        as_root "/etc/init.d/$1" stop >/dev/null 2>&1 || true
    fi
}

setup_server() {
    if find_server >/dev/null; then
        say "setup: server: $(find_server)"
        return
    fi
    need_apt "\`redis-server\` or \`valkey-server\`" "install Redis or Valkey so that one of these is in PATH"
    apt_update
    if available redis-server; then
        install "servers to watch" redis-server
        disable_service redis-server
    else
        install "servers to watch" valkey-server
        disable_service valkey-server
    fi
    say "setup: server: $(find_server)"
}

# The incumbent, to be compared and mixed with.
setup_upstream_sentinel() {
    command -v redis-sentinel >/dev/null && return
    command -v valkey-sentinel >/dev/null && return
    command -v apt-get >/dev/null || return 0
    apt_update
    if available redis-sentinel; then
        install "real sentinels to share a quorum with" redis-sentinel
        disable_service redis-sentinel
    fi
}

# Tests in networks of their own, which are skipped where there is no `ip`.
setup_network() {
    command -v ip >/dev/null && return
    command -v apt-get >/dev/null || return 0
    apt_update
    if available iproute2; then install "tests in networks of their own" iproute2; fi
}

# Instructions are counted by its callgrind, which is skipped where it cannot be had.
setup_valgrind() {
    command -v valgrind >/dev/null && return
    command -v apt-get >/dev/null || return 0
    apt_update
    if available valgrind; then install "instructions are counted with it" valgrind; fi
}

# Real clients, as far as the distribution has them. `make conformance` says what it leaves out.
setup_clients() {
    local package missing=() packages=()
    command -v dpkg-query >/dev/null || return 0
    read -r -a missing <<<"$(conformance/clients/install.sh --missing)"
    [ ${#missing[@]} -gt 0 ] || return 0
    apt_update
    for package in "${missing[@]}"; do
        if available "$package"; then packages+=("$package"); else say "setup: \`$package\` is not packaged here; tests that need it are skipped"; fi
    done
    [ ${#packages[@]} -eq 0 ] || install "real clients" "${packages[@]}"
}

# What the Debian package is made and looked at with, and the Python that Helm's and kubectl's code comes by. Steps that
# need what cannot be had are skipped.
setup_packaging() {
    local pair packages=()
    command -v apt-get >/dev/null || return 0
    for pair in dh:debhelper fakeroot:fakeroot lintian:lintian systemd-analyze:systemd man:man-db; do
        command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
    done
    [ ${#packages[@]} -eq 0 ] || install "the Debian package" "${packages[@]}"
}

LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT

if [ ! -e /etc/ssl/certs/ca-certificates.crt ] && command -v apt-get >/dev/null && [ -z "${CARGO_HTTP_CAINFO:-}" ]; then
    install "cargo fetches from https://crates.io" ca-certificates
fi
setup_rust
need cc gcc "Rust links with it"
setup_server
if [ "$purpose" != run ]; then
    setup_rust_tools
    need git git "the tidy checks look at the files git knows"
    setup_upstream_sentinel
    setup_network
    setup_valgrind
fi
if [ "$purpose" = conformance ]; then
    need tclsh tcl "upstream's own test suite is written in Tcl"
    need dpkg-source dpkg-dev "upstream's suite comes from Debian's source package"
    need pip3 python3-pip "Valkey comes from PyPI"
    need redis-cli redis-tools "upstream's suite calls it"
    setup_clients
    setup_packaging
fi
if [ "$purpose" = bench ]; then
    need redis-benchmark redis-tools "the load of queries comes from it"
    need pip3 python3-pip "Valkey comes from PyPI"
    python3 -c 'import ensurepip' 2>/dev/null || need_apt_package python3-venv "redis-py comes from PyPI"
fi
say "setup: all there for \`make $purpose\` ($SECONDS s)"
