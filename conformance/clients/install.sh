#!/bin/sh
# Puts in place the real clients the conformance tests drive, when they are missing.
#
# Debian packages carry the interpreters and the clients of Ruby, PHP, Perl and Go; `scripts/setup.sh conformance`
# installs them, and this script says which ones. The Python clients and Valkey go into a private virtual environment under target/, and the Go
# program is compiled there too, so nothing else of the machine is touched. Running it again is cheap: whatever
# is already there is left alone.
#
# usage: conformance/clients/install.sh [TARGET-DIR]     (default: target/ of this workspace)
#        conformance/clients/install.sh --missing        prints the Debian packages that are not there
#        conformance/clients/install.sh --python         only the Python clients and Valkey
set -eu

here=$(cd "$(dirname "$0")" && pwd)
workspace=$(cd "$here/../.." && pwd)
packages="ruby ruby-redis php-cli php-redis php-nrk-predis perl libredis-perl golang-go
golang-github-fzambia-sentinel-dev golang-github-gomodule-redigo-dev faketime python3-venv"
missing=""
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
if [ "${1:-}" = --missing ]; then
    echo "$missing"
    exit 0
fi
only=all
if [ "${1:-}" = --python ]; then
    only=python
    missing=""
    shift
fi
if [ -n "$missing" ]; then
    echo "error: missing Debian packages:$missing" >&2
    echo "hint: scripts/setup.sh conformance installs them" >&2
    exit 1
fi

target=${1:-${CARGO_TARGET_DIR:-$workspace/target}}
place=$target/clients
mkdir -p "$place"
venv=$place/venv
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
fi
if ! cmp -s "$here/python/requirements.txt" "$venv/installed.txt"; then
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt"
    cp "$here/python/requirements.txt" "$venv/installed.txt"
fi

if [ "$only" = python ]; then
    echo "Python clients installed below $place"
    exit 0
fi

# Debian's Go libraries are plain source trees below /usr/share/gocode: no module proxy is asked.
if [ ! -x "$place/go-client" ] || [ "$here/go/main.go" -nt "$place/go-client" ]; then
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$place/go-cache" GOFLAGS=-p=1 \
        go build -o "$place/go-client" "$here/go/main.go"
fi

echo "clients installed below $place"
