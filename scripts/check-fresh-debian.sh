#!/usr/bin/env bash
# Proves the README's first screen: `make run` and `make test` in a container that holds a Debian 12 base,
# `make`, a checkout of HEAD, and nothing else. Needs docker; the first run needs debootstrap and root.
#
# usage: scripts/check-fresh-debian.sh [TARGET...]        default: run test
#   CA_BUNDLE=FILE      certificates to trust, for a machine behind an inspecting proxy (not needed elsewhere)
#   http_proxy, https_proxy, no_proxy                      are passed on when set
#   BASE=IMAGE          the base to start from (default: made by debootstrap once and kept in the engine)
#   CPUS=N              how many processors the container gets (default 2)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(run test)
suite=bookworm
base=${BASE:-watchkeeper-base:$suite}
cpus=${CPUS:-2}

command -v docker >/dev/null || fail "\`docker\` is not installed" "apt-get install docker.io"

debian_base "$base" $suite

options=(--init --cpus "$cpus")
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [ -n "${!name:-}" ]; then options+=(--env "$name"); fi
done
if [ -n "${CA_BUNDLE:-}" ]; then
    [ -r "$CA_BUNDLE" ] || fail "CA_BUNDLE names \`$CA_BUNDLE\`, which cannot be read"
    options+=(--volume "$(readlink -f "$CA_BUNDLE"):/run/ca-bundle.crt:ro")
    for name in CARGO_HTTP_CAINFO SSL_CERT_FILE PIP_CERT CURL_CA_BUNDLE; do
        options+=(--env "$name=/run/ca-bundle.crt")
    done
fi

container=$(docker create "${options[@]}" "$base" sleep infinity)
trap 'docker rm --force "$container" >/dev/null' EXIT
docker start "$container" >/dev/null
clone=$(mktemp -d)
trap 'docker rm --force "$container" >/dev/null; rm -rf "$clone"' EXIT
git clone --quiet --depth 1 "file://$ROOT" "$clone/watchkeeper"
docker cp "$clone/watchkeeper" "$container:/watchkeeper"
docker exec "$container" chown -R root:root /watchkeeper
say "checkout: $(git rev-parse --short HEAD) in a fresh container of $base, $cpus processors"
if ! git diff --quiet HEAD; then say "note: changes that are not committed are not in it"; fi

for target in "${targets[@]}"; do
    step "$target" docker exec --workdir /watchkeeper "$container" make "$target"
done
steps_summary
