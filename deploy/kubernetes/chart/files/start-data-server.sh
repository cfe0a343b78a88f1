#!/bin/sh
# Starts a data server in the role it has now, not in the one it began with: what most sentinels say, else what its own
# redis.conf on the volume says (Redis writes there whom it was told to follow), else its place in the first line.
# The configuration is written anew at each start, so that a change of the ConfigMap or of a password counts.
#
# A master whose volume was lost does not start empty while a sentinel knows of a replica with data, which would follow
# it and be emptied: it waits until the sentinels have promoted that replica. ALLOW_EMPTY_MASTER=yes skips this.
set -eu
umask 077

: "${POD_NAME:?}" "${FIRST:?}" "${DOMAIN:?}" "${PORT:?}" "${MASTER_NAME:?}" "${SENTINELS:?}" "${SENTINEL_PORT:?}"
data=${DATA_DIR:-/data}
conf=$data/redis.conf
settings=${SETTINGS:-/etc/redis/redis.conf}
self=$POD_NAME.$DOMAIN
patience=${PATIENCE:-300}

say() { echo "start-data-server: $*"; }
secret() { if [ -n "$1" ] && [ -r "$1" ]; then cat "$1"; fi; }
# Redis's own quoting of a word in its configuration.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }
program() { if command -v "redis-$1" >/dev/null; then echo "redis-$1"; else echo "valkey-$1"; fi; }

cli=$(program cli)
password=$(secret "${PASSWORD_FILE:-}")
REDISCLI_AUTH=$(secret "${SENTINEL_PASSWORD_FILE:-}")
if [ -n "$REDISCLI_AUTH" ]; then export REDISCLI_AUTH; else unset REDISCLI_AUTH; fi

ask() { # ask HOST WORD...: a sentinel's answer, or nothing; never for long
    host=$1
    shift
    timeout 2 "$cli" -h "$host" -p "$SENTINEL_PORT" sentinel "$@" 2>/dev/null || true
}

master_now() { # the name most sentinels give; errors and names of strangers do not count
    for sentinel in $SENTINELS; do
        ask "$sentinel" get-master-addr-by-name "$MASTER_NAME" | grep -F ".$DOMAIN" | head -n 1
    done | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

replica_has_data() { # whether a sentinel knows of one that has taken anything from a master
    for sentinel in $SENTINELS; do
        ask "$sentinel" replicas "$MASTER_NAME"
    done | awk '$0 == "slave-repl-offset" { getline; if ($0 + 0 > 0) found = 1 } END { exit !found }'
}

stored_parent() { sed -n 's/^replicaof \([^ ]*\) .*/\1/p' "$conf" | tr -d '"' | tail -n 1; }

first_parent() { # whom this server follows in the line that a new deployment begins with
    number=${POD_NAME##*-}
    if [ "$number" -le "$FIRST" ]; then return; fi
    case ${TOPOLOGY:-chain} in
    star) number=$((FIRST + 1)) ;;
    esac
    echo "${POD_NAME%-*}-$((number - 1)).$DOMAIN"
}

new_parent() { # new_parent MASTER: for an empty volume
    if [ -z "$1" ] || [ "$1" = "${POD_NAME%-*}-$FIRST.$DOMAIN" ]; then first_parent; else echo "$1"; fi
}

master=$(master_now)
if [ "$master" = "$self" ] && ! [ -e "$conf" ] && [ "${ALLOW_EMPTY_MASTER:-no}" != yes ]; then
    while [ "$master" = "$self" ] && replica_has_data; do
        if [ "$patience" -le 0 ]; then
            say "this is the master and has no data, and a replica has some: not started" >&2
            say "hint: the sentinels should have promoted that replica; ALLOW_EMPTY_MASTER=yes starts empty" >&2
            exit 1
        fi
        say "the sentinels name this server the master, but its volume is empty and a replica has data: waiting for a failover"
        sleep 5
        patience=$((patience - 5))
        master=$(master_now)
    done
fi

if [ "$master" = "$self" ]; then
    parent=''
elif [ -e "$conf" ]; then
    parent=$(stored_parent)
    # It was the master and is not any more.
    [ -n "$parent" ] || parent=$master
else
    parent=$(new_parent "$master")
fi
say "master by the sentinels: ${master:-not known}; this server follows: ${parent:-nobody}"

{
    cat "$settings"
    echo "dir $data"
    echo "port $PORT"
    echo "replica-announce-ip $self"
    echo "replica-announce-port $PORT"
    if [ -n "$password" ]; then
        # Not echo: in some shells it takes backslashes for its own.
        printf 'requirepass %s\nmasterauth %s\n' "$(quoted "$password")" "$(quoted "$password")"
    fi
    if [ -n "$parent" ]; then echo "replicaof $parent $PORT"; fi
} >"$conf.new"
mv "$conf.new" "$conf"
exec "$(program server)" "$conf"
