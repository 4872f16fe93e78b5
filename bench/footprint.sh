#!/usr/bin/env bash
# Folding at scale: how fast a backlog of many resellers is drained, what an idle call costs where many companies depend, how much
# WAL folding writes, and how much disk an event takes.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off autovacuum=off
milliseconds() { { echo '\timing on'; cat; } | sql -o /dev/null | awk '/^Time:/ { total += $2 } END { print total }'; }
lsn() { sql -c 'SELECT pg_current_wal_insert_lsn()'; }
bytes_since() { sql -c "SELECT pg_current_wal_insert_lsn() - '$1'::pg_lsn"; }

# resellers COUNT COMPANIES: so many resellers of so many companies each, numbered from 1,000,000 on.
resellers() {
    sql -c "INSERT INTO reseller_report.company (company_id, name, is_reseller)
            SELECT r, 'Reseller', true FROM generate_series(1, $1) r
            UNION ALL SELECT 1000000 + n, 'Company', false FROM generate_series(0, $1 * $2 - 1) n" \
        -c "INSERT INTO reseller_report.dependency (reseller_id, company_id)
            SELECT 1 + n / $2, 1000000 + n FROM generate_series(0, $1 * $2 - 1) n"
}

# wal COUNT COMPANIES: the WAL of folding and merging half an hour of 500 events a second with late receipts, each minute, against
# that of the writes themselves.
wal() {
    make_database "wal_$1"
    resellers "$1" "$2"
    local ingest=0 fold=0 before minute
    for ((minute = 0; minute < 30; minute++)); do
        before=$(lsn)
        for ((second = 0; second < 60; second += 6)); do
            echo "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
                SELECT 1000000 + floor(random() * $1 * $2)::bigint, 'sms',
                    timestamptz '2024-05-01 10:00+00' + interval '1 second' * ($minute * 60 + $second), 0.05, 0.08
                FROM generate_series(1, 3000);"
        done | sql
        ingest=$((ingest + $(bytes_since "$before")))
        before=$(lsn)
        sql -o /dev/null -c 'SELECT * FROM reseller_report.materialize(1000000, true)'
        fold=$((fold + $(bytes_since "$before")))
    done
    awk "BEGIN { print $fold / $ingest }"
}
verdict 'WAL of folding against ingest, 200 resellers of 100' "$(wal 200 100)" '<=' 0.4
verdict 'WAL of folding against ingest, one reseller of 10,000' "$(wal 1 10000)" '<=' 0.25

make_database drain
resellers 200 100
sql -c "SELECT setseed(0.5)" -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
    SELECT 1000000 + n % 20000, 'sms', timestamptz '2024-05-01 00:00+00' + n / 20000 * interval '15 minutes', 0.05
    FROM generate_series(1, 2000000) n" >/dev/null
took=$(for ((i = 0; i < 25; i++)); do echo 'SELECT * FROM reseller_report.materialize(100000);'; done | milliseconds)
verdict 'draining 2 million keys of 200 resellers of 100: thousands a second' "$(awk "BEGIN { print 2000000 / $took }")" '>=' 350
resellers_before=$(sql -c 'SELECT count(*) FROM reseller_report.dependency')
sql -c "INSERT INTO reseller_report.company (company_id, name) SELECT 5000000 + n, 'Company' FROM generate_series(1, 91000) n" \
    -c 'INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 1, 5000000 + n FROM generate_series(1, 91000) n'
while [ "$(sql -c 'SELECT deltas FROM reseller_report.materialize(1000000)')" != 0 ]; do :; done
for ((i = 0; i < 21; i++)); do echo 'SELECT * FROM reseller_report.materialize(100000, true);'; done >"$cluster/idle.sql"
idle=$({ echo '\timing on'; cat "$cluster/idle.sql"; } | sql -o /dev/null | awk '/^Time:/ && ++n > 1 { print $2 }' | median)
printf '        %s companies depended, 111,000 do now\n' "$resellers_before"
verdict 'an idle call of materialize, 111,000 dependencies: ms' "$idle" '<=' 0.5

# disk: bytes of the summaries for each event.
disk() {
    sql -c "VACUUM" -c "SELECT round((SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
        WHERE c.relnamespace = 'reseller_report'::regnamespace
            AND c.relname ~ '^usage_(quarter|hour|day|month|year|packed|run|delta)$')
        / (SELECT count(*) FROM usage.text_message), 1)"
}
make_database narrow
sql -o /dev/null -c "SELECT bench.partitions('2024-01-01 00:00+00', 3)"
resellers 2000 10
for ((day = 0; day < 90; day++)); do
    sql -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT 1000000 + n, 'sms', timestamptz '2024-01-01 00:00+00' + interval '1 day' * ($day + random()), 0.05, 0.08
        FROM generate_series(0, 19999) n" -o /dev/null -c 'SELECT * FROM reseller_report.materialize(1000000)'
done
verdict 'disk an event, 2,000 resellers of 10, one event a company and day: bytes' "$(disk)" '<=' 256
make_database busy
sql -o /dev/null -c "SELECT setseed(0.25), bench.companies(1000), bench.partitions('2024-01-01 00:00+00', 4)"
sql -c 'INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
    SELECT company_id, channel, occurred_at, occurred_at, price_twin, price_reseller FROM bench.stream(1000, 5000000, 90)'
fold_all
verdict 'disk an event, 1,000 companies, 5 million events in 90 days: bytes' "$(disk)" '<=' 44
exit $missed
