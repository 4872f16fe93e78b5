#!/usr/bin/env bash
# What a reporting database carries: rows a second that one subscription and three apply, on a plain subscriber without the
# extension, on one that captures, and on one with the service as well; changes a second that are folded; reports a second on the
# primary and on a hot standby of it; bytes a row. All nodes are on this machine. ROUNDS=3; SIZE=1 is the share of the rows to take.
source "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-3}
variants=(plain captured served)
export PGOPTIONS='-c client_min_messages=warning'

# Every node is a cluster in a folder of its own. Publishers commit without waiting for the disk: only what comes after counts.
nodes=()
service=
end() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    local node
    for node in "${nodes[@]}"; do "$here/../tests/lib/private-cluster" stop "$node"; done
    rm -rf "$cluster"
}
trap end EXIT
mkdir -p "$cluster"
chmod 711 "$cluster"
start_node() { # NAME SETTING...
    nodes+=("$cluster/$1")
    "$here/../tests/lib/private-cluster" start "$cluster/$1" max_wal_size=4GB max_worker_processes=20 max_wal_senders=20 \
        max_replication_slots=20 max_logical_replication_workers=12 wal_retrieve_retry_interval=100ms checkpoint_timeout=1h "${@:2}"
}
for ((k = 1; k <= 3; k++)); do start_node "publisher$k" shared_buffers=128MB wal_level=logical synchronous_commit=off; done
start_node subscriber shared_buffers=1GB
eval "$("$here/../tests/lib/private-cluster" env "$cluster/subscriber")"
on() { PGHOST=$cluster/$1 PGDATABASE=$2 sql "${@:3}"; } # NODE DATABASE ARGUMENT...

# Usage tables with monthly partitions, and a table that tells when the first and the last row of a round were applied: its rows get
# the clock of the subscriber there.
tables() { # NODE DATABASE
    PGHOST=$cluster/$1 make_database "$2"
    on "$1" "$2" -c 'CREATE TABLE mark (publisher int, round int, side text, PRIMARY KEY (publisher, round, side))'
}
for ((k = 1; k <= 3; k++)); do
    tables "publisher$k" usage
    on "publisher$k" usage -c 'DROP EXTENSION reseller_report CASCADE' \
        -c 'CREATE PUBLICATION usage FOR TABLE usage.text_message, mark WITH (publish_via_partition_root)' \
        -c "ALTER SEQUENCE usage.text_message_id_seq INCREMENT BY 3 RESTART WITH $k"
done
for variant in "${variants[@]}"; do
    tables subscriber "$variant"
    on subscriber "$variant" -c "ALTER TABLE mark ADD COLUMN at timestamptz DEFAULT clock_timestamp()"
    if [ "$variant" = plain ]; then
        on subscriber plain -c 'DROP EXTENSION reseller_report CASCADE'
    else
        on subscriber "$variant" -o /dev/null \
            -c 'SELECT bench.reseller(r, 1000 + 10 * r, 10) FROM generate_series(1, 100) r' -c 'ANALYZE'
    fi
    for ((k = 1; k <= 3; k++)); do
        on subscriber "$variant" -c "CREATE SUBSCRIPTION ${variant}_$k CONNECTION 'host=$cluster/publisher$k dbname=usage'
            PUBLICATION usage WITH (streaming = on, copy_data = false)" -c "ALTER SUBSCRIPTION ${variant}_$k DISABLE"
    done
done
"${MATERIALIZER:-$here/../build/materializer/reseller-materializer}" run --schedule '@every 1s' --verify-schedule '@every 1000h' \
    --dsn "host=$cluster/subscriber dbname=served" 2>"$cluster/service.log" &
service=$!

# What an application writes: COUNT messages, each in a transaction of its own with its receipt in another; a hundred in each
# transaction; or all in one.
cat >"$cluster/single.pgbench" <<'SQL'
\set company random(1010, 2009)
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    VALUES (:company, 'sms', now(), 0.0123, 0.0456) RETURNING id, (extract(epoch FROM occurred_at) * 1000000)::bigint AS at \gset
UPDATE usage.text_message SET delivered_at = now() WHERE id = :id
    AND occurred_at = timestamptz 'epoch' + :at * interval '1 microsecond';
SQL
many() {
    echo "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT 1010 + floor(random() * 1000)::bigint, bench.channel(), now(), 0.0123, 0.0456 FROM generate_series(1, $1)"
}
write() { # PUBLISHER ROUND SHAPE COUNT
    on "publisher$1" usage -c "INSERT INTO mark VALUES ($1, $2, 'first')"
    case $3 in
        single) PGHOST=$cluster/publisher$1 pgbench -n -M prepared -c 4 -t $(($4 / 4)) -f "$cluster/single.pgbench" usage ;;
        hundred) PGHOST=$cluster/publisher$1 pgbench -n -c 1 -t $(($4 / 100)) -f <(many 100) usage ;;
        bulk) on "publisher$1" usage -c "$(many "$4")" ;;
    esac >/dev/null 2>&1
    on "publisher$1" usage -c "INSERT INTO mark VALUES ($1, $2, 'last')"
}

# apply VARIANT SUBSCRIPTIONS ROUND: has the subscriptions apply what was written, and prints the seconds from the first mark to
# the last, and the bytes of its log that were written.
apply() {
    local k before
    before=$(sql -c "SELECT pg_current_wal_insert_lsn() - '0/0'")
    for ((k = 1; k <= $2; k++)); do on subscriber "$1" -c "ALTER SUBSCRIPTION $1_$k ENABLE"; done
    on subscriber "$1" -c "DO \$\$ BEGIN
        WHILE (SELECT count(*) < $2 FROM mark WHERE round = $3 AND side = 'last') LOOP PERFORM pg_sleep(0.05); END LOOP; END \$\$" \
        -c "SELECT extract(epoch FROM max(at) - min(at)), pg_current_wal_insert_lsn() - '0/0' - $before FROM mark
            WHERE round = $3" -F ' '
    for ((k = 1; k <= $2; k++)); do on subscriber "$1" -c "ALTER SUBSCRIPTION $1_$k DISABLE"; done
}
# Folds what the variant captured, each call in a transaction of its own, and prints changes a second.
fold() {
    on subscriber captured -c 'CREATE TEMPORARY TABLE folded AS SELECT 0::bigint AS deltas, clock_timestamp() AS at' \
        -c "DO \$\$ DECLARE n bigint; BEGIN
            LOOP SELECT deltas INTO n FROM reseller_report.materialize(100000);
                EXIT WHEN n = 0; INSERT INTO folded VALUES (n, clock_timestamp()); COMMIT; END LOOP; END \$\$" \
        -c 'SELECT sum(deltas) / extract(epoch FROM max(at) - min(at)) FROM folded HAVING count(*) > 1'
}

column() { cut -d ' ' -f "$1" "$2" | median; }

# measure LABEL SHAPE SUBSCRIPTIONS COUNT BAR: the variants in turn, each of them first in some round. COUNT is of messages.
round=0
measure() {
    local label=$1 shape=$2 subscriptions=$3 i k variant count changes
    count=$(awk "BEGIN { print int($4 * ${SIZE:-1} / $subscriptions) }")
    changes=$((count * subscriptions))
    [ "$shape" != single ] || changes=$((changes * 2))
    rm -f "$cluster"/*.rates "$cluster/folds"
    for ((i = 0; i <= rounds; i++)); do
        round=$((round + 1))
        local writers=()
        for ((k = 1; k <= subscriptions; k++)); do
            write "$k" "$round" "$shape" "$count" &
            writers+=($!)
        done
        wait "${writers[@]}"
        sql -c CHECKPOINT
        for ((k = 0; k < 3; k++)); do
            variant=${variants[(i + k) % 3]}
            apply "$variant" "$subscriptions" "$round" | awk -v n="$changes" '{ print n / $1, $2 / n }' >"$cluster/last.$variant"
            [ $i -eq 0 ] || cat "$cluster/last.$variant" >>"$cluster/$variant.rates"
            [ "$variant" = captured ] || continue
            fold >"$cluster/last.fold"
            [ $i -eq 0 ] || cat "$cluster/last.fold" >>"$cluster/folds"
        done
        on subscriber captured -c 'VACUUM reseller_report.usage_delta'
    done
    printf '%s: changes a second, and bytes of log a change\n' "$label"
    for variant in "${variants[@]}"; do
        printf '        %-10s %10.0f %8.0f\n' "$variant" \
            "$(column 1 "$cluster/$variant.rates")" "$(column 2 "$cluster/$variant.rates")"
    done
    for variant in captured served; do
        verdict "$label, $variant: rate, times a plain subscriber" \
            "$(paste -d ' ' "$cluster/$variant.rates" "$cluster/plain.rates" | awk '{ print $1 / $3 }' | median)" '>=' "$5"
    done
    measured "$label, plain: thousands of changes a second" "$(column 1 "$cluster/plain.rates" | awk '{ print $1 / 1000 }')"
    measured "$label: thousands of changes a second that are folded" "$(median <"$cluster/folds" | awk '{ print $1 / 1000 }')"
}

measure 'a change a transaction, one subscription' single 1 20000 0.6
measure 'a change a transaction, three subscriptions' single 3 20000 0.6
measure 'a hundred a transaction, one subscription' hundred 1 200000 0.65
measure 'a hundred a transaction, three subscriptions' hundred 3 200000 0.65
measure 'all in one transaction, one subscription' bulk 1 300000 0.65

# Many partitions on the subscriber.
odd_ends() {
    PGDATABASE=captured median_time 21 <<<"SELECT *
        FROM reseller_report.text_messaging(1, now() - interval '20 days 10 minutes', now());"
}
on subscriber captured -c 'VACUUM (ANALYZE)'
measured 'a report of 10 companies at odd ends, partitions of few months: ms' "$(odd_ends)"
for variant in "${variants[@]}"; do on subscriber "$variant" -o /dev/null -c "SELECT bench.partitions('1990-01-01', 400)"; done
measured 'a report of 10 companies at odd ends, 400 more partitions: ms' "$(odd_ends)"
measure 'a hundred a transaction, 400 more partitions' hundred 1 200000 0.65

measured 'bytes of a message with its indexes' "$(on subscriber plain -c "SELECT sum(pg_total_relation_size(relid))
    / (SELECT count(*) FROM usage.text_message) FROM pg_partition_tree('usage.text_message') WHERE isleaf")"

# A hot standby. Where subscriptions confirm what the standby has, each transaction waits for it.
mkdir "$cluster/standby"
[ "$(id -u)" -ne 0 ] || chown postgres: "$cluster/standby"
as_server() { if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
as_server pg_basebackup -h "$cluster/subscriber" -U postgres -D "$cluster/standby/data" -R -c fast --no-sync
printf '%s\n' "unix_socket_directories = '$cluster/standby'" 'hot_standby_feedback = on' |
    as_server tee -a "$cluster/standby/data/postgresql.conf" >/dev/null
as_server pg_ctl -D "$cluster/standby/data" -l "$cluster/standby/server.log" -w start >/dev/null
nodes+=("$cluster/standby")
for variant in "${variants[@]}"; do
    for ((k = 1; k <= 3; k++)); do
        on subscriber "$variant" -c "ALTER SUBSCRIPTION ${variant}_$k SET (synchronous_commit = on)"
    done
done
sql -o /dev/null -c "ALTER SYSTEM SET synchronous_standby_names = '*'" -c 'SELECT pg_reload_conf()'
measure 'a change a transaction, confirmed by a standby, one subscription' single 1 600 0.6
measure 'a change a transaction, confirmed by a standby, three subscriptions' single 3 600 0.6

# Reports of ten companies on the primary and on the standby, in turn: alone, and beside 1,000 messages a second that are applied.
cat >"$cluster/report.pgbench" <<'SQL'
\set reseller random(1, 100)
SELECT * FROM reseller_report.text_messaging(
    :reseller, date_trunc('day', now()) - interval '30 days', date_trunc('day', now() + interval '1 day'));
SQL
reports() { # NODE
    PGHOST=$cluster/$1 pgbench -n -M prepared -c 2 -T "${SECONDS_A_RUN:-6}" -f "$cluster/report.pgbench" served 2>/dev/null |
        awk '/^tps/ { print $3 }'
}
answers() { # LABEL
    local i node
    rm -f "$cluster"/*.answers
    for ((i = 0; i <= rounds; i++)); do
        for node in subscriber standby; do
            reports "$node" >"$cluster/last.answers.$node"
            [ $i -eq 0 ] || cat "$cluster/last.answers.$node" >>"$cluster/$node.answers"
        done
    done
    measured "reports a second on the primary, $1" "$(median <"$cluster/subscriber.answers")"
    verdict "reports on a standby, times those on the primary, $1" \
        "$(paste "$cluster/standby.answers" "$cluster/subscriber.answers" | awk '{ print $1 / $2 }' | median)" '>=' 0.6
}
answers 'alone'
on subscriber served -c 'ALTER SUBSCRIPTION served_1 ENABLE'
many 1 >"$cluster/steady.pgbench"
PGHOST=$cluster/publisher1 pgbench -n -c 2 -R 1000 -T 3600 -f "$cluster/steady.pgbench" usage >/dev/null 2>&1 &
steady=$!
answers 'beside 1,000 messages a second'
kill $steady
exit $missed
