#!/usr/bin/env bash
# `make deb`: a Debian package of the release build, as deploy/debian says, in target/deb/watchkeeper_VERSION_ARCH.deb.
# The program is built by cargo here and only put into the package there, so that one build serves both. It runs on this
# machine's release of Debian or Ubuntu and on newer ones.
#
# usage: scripts/deb.sh
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

for tool in dpkg-buildpackage:dpkg-dev dh:debhelper fakeroot:fakeroot; do
    command -v "${tool%%:*}" >/dev/null || fail "\`${tool%%:*}\` is not found; the package is made with it" "apt-get install ${tool#*:}"
done
use_rust || fail "no Rust of version $RUST_NEEDED or newer is installed" "scripts/setup.sh run"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
packaged=$(dpkg-parsechangelog -l deploy/debian/changelog -S Version)
[ "$version" = "$packaged" ] ||
    fail "deploy/debian/changelog begins with version \`$packaged\`, Cargo.toml has \`$version\`" "add an entry for \`$version\` to deploy/debian/changelog"

build_release
out=$(readlink -m "${CARGO_TARGET_DIR:-target}")/deb
stage=$out/watchkeeper-$version
rm -rf "$stage"
mkdir -p "$stage"
cp -r deploy/debian "$stage/debian"
mv "$stage/debian/sentinel.conf" "$stage/"
cp deploy/systemd/watchkeeper.service "$stage/debian/watchkeeper.service"
cp "$WATCHKEEPER_BIN" CHANGELOG.md "$stage/"
cargo run --locked --quiet -p watchkeeper --example packaging -- "$stage"
log=$out/build.log
(cd "$stage" && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps) >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "\`dpkg-buildpackage\` failed" "the whole of it: $log"; }
say "$(readlink -f "$out/watchkeeper_${version}_$(dpkg --print-architecture).deb")"
