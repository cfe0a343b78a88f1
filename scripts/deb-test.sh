#!/usr/bin/env bash
# Makes the Debian package, has lintian and systemd look at it, and installs, upgrades, removes and purges it in a
# container that holds a Debian base and nothing else. There systemd is not PID 1: the daemon is started by the command
# of the unit's ExecStart, as the unit's user. Then the same in a container where systemd is PID 1, if this machine lets
# a container have that.
#
# usage: scripts/deb-test.sh [--possible]
#   --possible   says why it cannot be run here, and ends with status 1
#   BASE_IMAGE=IMAGE   the base (default: debian:bookworm-slim, or the stand-in of `make docker-bases`)
# What stands in single quotes is for a shell in the container.
# shellcheck disable=SC2016
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

base=${BASE_IMAGE:-debian:bookworm-slim}
possible() {
    local tool
    for tool in docker:docker.io lintian:lintian dh:debhelper dpkg-buildpackage:dpkg-dev fakeroot:fakeroot systemd-analyze:systemd; do
        command -v "${tool%%:*}" >/dev/null || { echo "no \`${tool%%:*}\` (apt-get install ${tool#*:})"; return 1; }
    done
    docker version >/dev/null 2>&1 || { echo "no Docker engine answers"; return 1; }
    docker image inspect "$base" >/dev/null 2>&1 && return
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "no image \`$base\`, and no root to make it"
        return 1
    fi
}
if ! why=$(possible); then
    if [ "${1:-}" = --possible ]; then say "$why"; exit 1; fi
    fail "$why" "scripts/setup.sh conformance"
fi
if [ "${1:-}" = --possible ]; then exit 0; fi

scripts/deb.sh
out=$(readlink -m "${CARGO_TARGET_DIR:-target}")/deb
deb=$out/watchkeeper_$(dpkg-parsechangelog -l deploy/debian/changelog -S Version)_$(dpkg --print-architecture).deb
work=$(mktemp -d)
container='' image=''
cleanup() {
    if [ -n "$container" ]; then docker rm --force "$container" >/dev/null; fi
    if [ -n "$image" ]; then docker image rm "$image" >/dev/null; fi
    rm -rf "$work"
}
trap cleanup EXIT

expect() { # expect WHAT GOT WANTED
    [ "$2" = "$3" ] || fail "$1: \`$2\`, expected \`$3\`"
    say "ok: $1"
}

looked_at() {
    # As root on purpose: CI is. `--pedantic` would add what cannot be had from cargo: fortify functions.
    lintian --allow-root --fail-on error,warning "$deb"
    say "ok: lintian finds no error and no warning"
    dpkg-deb -x "$deb" "$work/tree"
    local unit=$work/tree/lib/systemd/system/watchkeeper.service found
    # The unit as it is, with the program where the package has been unpacked.
    sed "s,/usr/bin/watchkeeper,$work/tree&," "$unit" >"$work/watchkeeper.service"
    found=$(systemd-analyze verify --man=no "$work/watchkeeper.service" 2>&1 | grep watchkeeper || true)
    expect "systemd-analyze verify" "$found" ""
    systemd-analyze security --no-pager --offline=true --threshold=20 "$work/watchkeeper.service" >"$work/security" ||
        { cat "$work/security"; fail "the unit is more exposed than 2.0"; }
    say "ok: systemd-analyze security: $(tail -n 1 "$work/security" | sed 's/^[^O]*//')"
    local page
    for page in "$work"/tree/usr/share/man/man*/*.gz; do
        found=$(man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null || true)
        expect "manual page ${page##*/}" "$found" ""
    done
    bash -n "$work/tree/usr/share/bash-completion/completions/watchkeeper"
}

# The same package as a later version whose sentinel.conf has changed.
make_later() {
    dpkg-deb -R "$deb" "$work/later"
    sed -i 's/^Version: .*/&+later/' "$work/later/DEBIAN/control"
    echo '# A line of the later version.' >>"$work/later/etc/watchkeeper/sentinel.conf"
    (cd "$work/later" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb --root-owner-group -b "$work/later" "$work/later.deb" >/dev/null
}

inside() { docker exec --env DEBIAN_FRONTEND=noninteractive "$container" "$@"; }
shell() { inside bash -c "$1" bash "${@:2}"; }
# ask WORD...: one command to the sentinel, what it answers, without length lines. The error about a second command that
# there is none of is the end of the answer.
ask() {
    shell 'exec 3<>/dev/tcp/127.0.0.1/26379 && printf "%s\r\nTHE-END\r\n" "$*" >&3 || exit 1
        while IFS= read -r -t 10 line <&3; do
            line=${line%?}
            case $line in
            *THE-END*) exit 0 ;;
            [\$*]*) ;;
            *) echo "${line#:}" ;;
            esac
        done
        exit 1' "$@"
}
wait_for() { # wait_for WHAT COMMAND...
    local end=$((SECONDS + 20)) what=$1
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { shell 'cat /tmp/log' >&2 || true; fail "$what: not within 20 s"; }
        sleep 0.2
    done
}
start_daemon() {
    local command
    command=$(shell "sed -n 's/^ExecStart=//p' /lib/systemd/system/watchkeeper.service")
    # The words of the unit's line are wanted one by one.
    # shellcheck disable=SC2086
    docker exec --detach "$container" sh -c 'exec setpriv --reuid=watchkeeper --regid=watchkeeper --clear-groups "$@" >/tmp/log 2>&1' sh $command
    wait_for "the sentinel answers" ask PING
}
stop_daemon() {
    shell 'kill $(sed -n "s/^\([0-9]*\):X.*/\1/p" /tmp/log | head -n 1)'
    wait_for "the sentinel ends" shell '! (exec 3<>/dev/tcp/127.0.0.1/26379) 2>/dev/null'
}
epoch() { shell "sed -n 's/^sentinel current-epoch //p' /var/lib/watchkeeper/sentinel.state"; }
master() { ask SENTINEL get-master-addr-by-name mymaster | paste -sd:; }
install_deb() { inside dpkg --install "$@" >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "\`dpkg --install $*\` failed"; }; }

installed() {
    docker cp "$deb" "$container:/tmp/first.deb"
    docker cp "$work/later.deb" "$container:/tmp/later.deb"
    install_deb /tmp/first.deb
    expect "the file is the group's to read" "$(shell 'stat -c "%U:%G %a" /etc/watchkeeper/sentinel.conf')" "root:watchkeeper 640"
    expect "the state is the daemon's alone" "$(shell 'stat -c "%U:%G %a" /var/lib/watchkeeper')" "watchkeeper:watchkeeper 700"
    expect "the service is enabled" "$(shell 'cd /etc/systemd/system/multi-user.target.wants && ls watchkeeper*')" "watchkeeper.service"
    expect "nothing in PATH is redis-sentinel" "$(shell 'command -v redis-sentinel || true')" ""
    expect "the link is a sentinel" "$(shell '/usr/lib/watchkeeper/valkey-sentinel --version | cut -d " " -f 1')" "Valkey"
    start_daemon
    ask SENTINEL MONITOR mymaster 127.0.0.1 6399 2 >/dev/null
    # A vote: the epoch goes to 7.
    ask SENTINEL is-master-down-by-addr 127.0.0.1 6399 7 "$(printf 'a%.0s' {1..40})" >/dev/null
    wait_for "the vote is on disk" shell 'grep -q "^sentinel current-epoch 7$" /var/lib/watchkeeper/sentinel.state'
}

# after WHAT: started again, it is who it was.
after() {
    start_daemon
    expect "$1: the id" "$(ask SENTINEL MYID)" "$id"
    expect "$1: the epoch" "$(epoch)" 7
}

upgraded() {
    local id before
    id=$(ask SENTINEL MYID)
    before=$(shell 'md5sum </etc/watchkeeper/sentinel.conf')
    expect "the daemon leaves its configuration alone" "$before" "$(md5sum <"$work/tree/etc/watchkeeper/sentinel.conf")"
    stop_daemon

    # Nobody is asked anything: the file is as it was installed.
    install_deb /tmp/later.deb
    expect "an untouched file is replaced" "$(shell 'tail -n 1 /etc/watchkeeper/sentinel.conf')" "# A line of the later version."
    expect "its rights stay" "$(shell 'stat -c "%U:%G %a" /etc/watchkeeper/sentinel.conf')" "root:watchkeeper 640"
    after upgrade
    expect "upgrade: the group" "$(master)" "127.0.0.1:6399"
    stop_daemon

    shell 'echo "loglevel verbose" >>/etc/watchkeeper/sentinel.conf && chmod 0600 /etc/watchkeeper/sentinel.conf && chown watchkeeper /etc/watchkeeper/sentinel.conf'
    install_deb --force-confdef --force-confold /tmp/first.deb
    expect "an edited file is kept" "$(shell 'tail -n 1 /etc/watchkeeper/sentinel.conf')" "loglevel verbose"
    expect "its rights stay as the administrator set them" "$(shell 'stat -c "%U:%G %a" /etc/watchkeeper/sentinel.conf')" "watchkeeper:watchkeeper 600"
    after "edited file"
    expect "edited file: the group" "$(master)" "127.0.0.1:6399"
    stop_daemon

    install_deb --force-confnew /tmp/later.deb
    after "the package's file instead of the edited one"
    expect "the package's file: the group" "$(master)" "127.0.0.1:6399"
    stop_daemon

    inside dpkg --remove watchkeeper >/dev/null 2>&1
    install_deb /tmp/first.deb
    after "removed and installed again"
    stop_daemon
}

purged() {
    inside dpkg --purge watchkeeper >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "\`dpkg --purge\` failed"; }
    expect "purge leaves no file" "$(shell 'find / -xdev -name "*watchkeeper*" -not -path "/proc/*" 2>/dev/null')" ""
    expect "purge leaves no user" "$(shell 'getent passwd watchkeeper; getent group watchkeeper; true')" ""
    expect "purge leaves no entry" "$(shell 'dpkg-query -W -f "\${Status}" watchkeeper 2>/dev/null || true')" ""
}

# A container with systemd as PID 1. Where there can be none, `why` says so.
why=''
start_systemd() {
    docker rm --force "$container" >/dev/null
    container=$(docker run --detach --network host "$base" sleep infinity)
    shell 'apt-get update -qq && apt-get install -qq -y systemd' >"$work/apt" 2>&1 ||
        { why="it cannot be installed: $(tail -n 1 "$work/apt")" && return 1; }
    image=$(docker commit "$container")
    docker rm --force "$container" >/dev/null
    # Mounts and cgroups are systemd's work. It has no network but its own loopback.
    container=$(docker create --network none --cap-add SYS_ADMIN --security-opt seccomp=unconfined \
        --security-opt apparmor=unconfined --cgroupns host --volume /sys/fs/cgroup:/sys/fs/cgroup \
        --tmpfs /run --tmpfs /run/lock --env container=docker "$image" /lib/systemd/systemd)
    docker start "$container" >/dev/null 2>"$work/systemd" || { why=$(tail -n 1 "$work/systemd") && return 1; }
    local end=$((SECONDS + 20))
    until inside systemctl is-system-running --quiet 2>/dev/null; do
        [ $SECONDS -lt $end ] || { why="it does not come up in 20 s: $(docker logs "$container" 2>&1 | tail -n 1)" && return 1; }
        sleep 0.2
    done
}
unit() { inside systemctl "$@" watchkeeper; }
state() { unit is-active || true; }
property() { unit show --property "$1" --value; }

supervised() {
    local id main
    start_systemd || { say "skipped: systemd as PID 1: $why" && return; }
    docker cp "$deb" "$container:/tmp/first.deb"
    docker cp "$work/later.deb" "$container:/tmp/later.deb"
    install_deb /tmp/first.deb
    # It is active when it has said so itself: what follows needs no waiting.
    expect "systemd: installed is started" "$(state)" active
    id=$(ask SENTINEL MYID)
    main=$(property MainPID)
    unit kill --signal KILL
    wait_for "the sentinel is started again" shell '[ "$(systemctl show --property NRestarts --value watchkeeper)" = 1 ] && systemctl is-active watchkeeper'
    expect "systemd: killed, it is who it was" "$(ask SENTINEL MYID)" "$id"
    [ "$(property MainPID)" != "$main" ] || fail "the killed process lives"
    main=$(property MainPID)
    install_deb /tmp/later.deb
    expect "systemd: an upgrade starts the new one" "$(state)" active
    [ "$(property MainPID)" != "$main" ] || fail "the old program runs on"
    expect "systemd: upgraded, it is who it was" "$(ask SENTINEL MYID)" "$id"
    expect "systemd: its log is the journal's" "$(inside journalctl --unit watchkeeper --output cat | grep -c "Sentinel ID is $id")" 3
    unit stop
    expect "systemd: stopped, it ended well" "$(state) $(property Result)" "inactive success"
    inside dpkg --purge watchkeeper >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "\`dpkg --purge\` failed"; }
    expect "systemd: purged, there is no unit" "$(property LoadState)" not-found
}

looked_at
make_later
BASE_IMAGE=$base scripts/docker-bases.sh debian
container=$(docker create --init --network none "$base" sleep infinity)
docker start "$container" >/dev/null
installed
upgraded
purged
supervised
say "deb: all as it should be ($SECONDS s)"
