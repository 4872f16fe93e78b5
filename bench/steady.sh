#!/usr/bin/env bash
# Steady state: 500 events a second over 10,000 companies of one reseller, receipts late, a fold every 60 s, MINUTES=30. The WAL of
# folding against the WAL of the ingest itself; table sizes; reports with a minute's changes pending against their folded time.
source "$(dirname "$0")/lib.sh"
minutes=${MINUTES:-30}
start_cluster
make_database steady
sql -o /dev/null -c 'SELECT setseed(0.375), bench.companies(10000)'
# Every event is one transaction; most get their receipt up to 20 minutes later, in a transaction of its own.
cat >"$cluster/send.pgbench" <<'SQL'
\set company random_zipfian(1, 10000, 1.05) + 1000
\set channel random(1, 5)
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    VALUES (:company, (ARRAY['sms','viber','whatsapp','email','push'])[:channel], now(), 0.0123, 0.0456);
SQL
cat >"$cluster/receive.pgbench" <<'SQL'
\set late random(0, 1200000000)
UPDATE usage.text_message SET delivered_at = now() WHERE delivered_at IS NULL
    AND (occurred_at, id) = (SELECT occurred_at, id FROM usage.text_message
        WHERE occurred_at >= now() - :late * interval '1 microsecond' ORDER BY occurred_at LIMIT 1);
SQL
lsn() { sql -c 'SELECT pg_current_wal_lsn() - '"'0/0'"; }
time_report() { median_time 7 <<<"SELECT * FROM reseller_report.text_messaging(1, now() - interval '1 day', now());"; }
ingest=0 folding=0
printf '%s  ' minute transactions 'ingest WAL MB' 'folding WAL MB' 'pending after' 'report ms, pending' 'report ms, folded'
printf '%s  %s\n' 'delta table MB' 'summaries MB'
for ((minute = 1; minute <= minutes; minute++)); do
    before=$(lsn)
    done=$(pgbench -n -M prepared -c 2 -j 1 -T 60 -R 950 -f "$cluster/send.pgbench@10" -f "$cluster/receive.pgbench@9" 2>/dev/null |
        awk '/actually processed/ { print $6; exit }')
    middle=$(lsn)
    pending=$(time_report)
    while [ "$(sql -c 'SELECT deltas FROM reseller_report.materialize(100000, true)')" != 0 ]; do :; done
    after=$(lsn)
    ingest=$((ingest + middle - before))
    folding=$((folding + after - middle))
    folded=$(time_report)
    awk "BEGIN { print $pending / $folded }" >>"$cluster/reports"
    sql -F ' ' -c "SELECT $minute, $done, round(($middle - $before) / 1e6, 1), round(($after - $middle) / 1e6, 1),
        (SELECT pending_deltas FROM reseller_report.materializer_state), $pending, $folded,
        round(pg_total_relation_size('reseller_report.usage_delta') / 1e6, 1),
        (SELECT round(sum(pg_total_relation_size(oid)) / 1e6, 1) FROM pg_class
            WHERE relnamespace = 'reseller_report'::regnamespace AND relname ~ '^usage_(quarter|hour|day|month|year|packed|run)\$')"
done
verdict 'steady state: WAL of folding, times the WAL of the ingest' "$(awk "BEGIN { print $folding / $ingest }")" '<=' 1
verdict "steady state: reports with a minute's changes pending, times their folded time" "$(median <"$cluster/reports")" '<=' 2
exit $missed
