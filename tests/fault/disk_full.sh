#!/usr/bin/env bash
# A disk that fills up under writers, folds and rebuilds fails their work, or stops the server. With room again, and the server
# started, nothing is lost or counted twice. The cluster lies on a small file system of its own, which takes root to mount.
set -euo pipefail
cd "$(dirname "$0")/../.."
disk=$(mktemp -d /tmp/reseller_report_disk.XXXXXX)
if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=192m,mode=755 reseller_report "$disk" 2>/dev/null; then
    echo '1..0 # SKIP no right to mount a file system of its own'
    rmdir "$disk"
    exit
fi
cluster=$disk/cluster
finish() {
    tests/lib/private-cluster stop "$cluster" || true
    cd / && umount "$disk" && rmdir "$disk"
}
trap finish EXIT
tests/lib/private-cluster start "$cluster" shared_buffers=16MB min_wal_size=32MB max_wal_size=32MB
eval "$(tests/lib/private-cluster env "$cluster")"
tests/lib/prepare-template
psql -X -q -c 'CREATE DATABASE narrow TEMPLATE reseller_report_test'
export PGDATABASE=narrow
psql -X -q -o /dev/null -c "SELECT setseed(0.1); SELECT random_usage.companies(), random_usage.events(500)"

number=0
is() {
    number=$((number + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $number - $1"
    else
        printf 'not ok %d - %s\n# got: %s\n# expected: %s\n' "$number" "$1" "$2" "$3"
    fi
}
exact() {
    is "$1: reports equal the oracle" "$(psql -X -A -t -c "SELECT * FROM oracle.compare(4, '2024-03-01', '100 days')")" ''
    psql -X -q -o /dev/null -c 'SELECT reseller_report.materialize()' \
        -c "SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity')"
    is "$1: and after a fold and a rebuild" "$(psql -X -A -t -c "SELECT * FROM oracle.compare(4, '2024-03-01', '100 days')" \
        -c "SELECT * FROM reseller_report.verify('-infinity', 'infinity')")" ''
}
up() { psql -X -q -o /dev/null -c 'SELECT 1' 2>/dev/null; }
bring_up() {
    local deadline=$((SECONDS + 60))
    until up; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "Bail out! the server does not come up: $(tail -n 3 "$cluster/server.log")"
            exit 1
        fi
        (cd "$cluster" &&
            runuser -u postgres -- pg_ctl -D "$cluster/data" -l "$cluster/server.log" -w start >/dev/null 2>&1) || true
    done
}

# fill WHAT ROOM: leaves so many MB, and works until six things failed or the server is gone.
fill() {
    local failed=0 tries=0 free
    free=$(df -k --output=avail "$disk" | tail -n 1)
    head -c "$((free - $2 * 1024))k" /dev/zero >"$disk/ballast"
    while [ "$failed" -lt 6 ] && [ "$tries" -lt 200 ] && up; do
        tries=$((tries + 1))
        for work in 'SELECT random_usage.events(2000)' 'SELECT reseller_report.materialize()' \
            "SELECT reseller_report.rebuild_slice(source, '-infinity', 'infinity') FROM reseller_report.sources()"; do
            psql -X -q -o /dev/null -c "$work" 2>>"$cluster/errors" || failed=$((failed + 1))
        done
    done
    [ "$failed" -gt 0 ] || { echo "Bail out! $2 MB are never full"; exit 1; }
    rm "$disk/ballast"
    bring_up
    exact "after the disk had no room for $1 ($tries rounds, $failed failures)"
}
fill tables 24
fill 'tables again' 2
# A log that keeps what it wrote cannot go on, which stops the server.
psql -X -q -c "ALTER SYSTEM SET wal_keep_size = '1GB'" -c 'SELECT pg_reload_conf()' -o /dev/null
fill 'the write-ahead log' 12
is 'the full log stopped the server' "$(grep -q 'PANIC:.*No space left on device' "$cluster/server.log" && echo yes)" yes
is 'only the disk failed' "$(grep -h ERROR "$cluster/errors" | grep -v 'No space left on device' | sort -u)" ''
echo "1..$number"
