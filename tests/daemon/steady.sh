#!/usr/bin/env bash
# The service at work for MINUTES=10: 500 events a second of COMPANIES=10000 companies of one reseller, each a transaction, and late
# receipts nearly as often. A line a minute; then whether its memory stayed flat, pending stayed bounded, and summaries equal raw
# usage. Not part of `make check`; the extension must be installed and the service built.
source "$(dirname "$0")/../../bench/lib.sh"
minutes=${MINUTES:-10} companies=${COMPANIES:-10000} rate=950
program=${MATERIALIZER:-$here/../build/materializer/reseller-materializer}
start_cluster
make_database steady
sql -o /dev/null -c "SELECT setseed(0.375), bench.companies($companies)"
cat >"$cluster/send.pgbench" <<SQL
\\set company random_zipfian(1, $companies, 1.05) + 1000
\\set channel random(1, 5)
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    VALUES (:company, (ARRAY['sms','viber','whatsapp','email','push'])[:channel], now(), 0.0123, 0.0456);
SQL
# The first message after a random moment of the last :span microseconds gets its receipt, if it has none yet.
cat >"$cluster/receive.pgbench" <<'SQL'
\set late random(0, :span)
UPDATE usage.text_message SET delivered_at = now()
    WHERE delivered_at IS NULL AND (occurred_at, id) = (
        SELECT occurred_at, id FROM usage.text_message WHERE occurred_at >= now() - :late * interval '1 microsecond'
        ORDER BY occurred_at LIMIT 1);
SQL

"$program" run --schedule '@every 10s' --housekeeping-schedule '@every 1m' --verify-schedule '@every 5m' 2>"$cluster/service.log" &
service=$!
trap 'kill $service 2>/dev/null; "$here/../tests/lib/private-cluster" stop "$cluster"' EXIT
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$service/status"; }
state() {
    sql -F ' ' -c 'SELECT pending_deltas, coalesce(extract(epoch FROM now() - oldest_pending_at)::int, 0)
        FROM reseller_report.materializer_state'
}

echo 'minute  transactions  service memory kB  pending  oldest s  folds  delta table MB'
first=0 most=0 oldest=0
for ((minute = 1; minute <= minutes; minute++)); do
    span=$(((minute < 20 ? minute : 20) * 60000000))
    done=$(pgbench -D span=$span -n -M prepared -c 8 -j 1 -T 60 -R $rate -f "$cluster/send.pgbench@10" \
        -f "$cluster/receive.pgbench@9" 2>/dev/null | awk '/actually processed/ { print $6; exit }')
    kb=$(memory)
    read -r pending age < <(state)
    [ $minute -gt 1 ] || first=$kb
    ((pending <= most)) || most=$pending
    ((age <= oldest)) || oldest=$age
    printf '%6d  %12d  %17d  %7d  %8d  %5d  %14s\n' $minute "$done" "$kb" "$pending" "$age" \
        "$(grep -c ' folded ' "$cluster/service.log")" \
        "$(sql -c "SELECT round(pg_total_relation_size('reseller_report.usage_delta') / 1e6, 1)")"
done
last=$(memory)
kill -TERM $service
wait $service || { echo "MISSED  the service ended with $?"; missed=1; }
verdict 'growth of the service, MB after the first minute' "$(awk "BEGIN { print ($last - $first) / 1024 }")" '<=' 2
verdict 'most pending, in minutes of events' "$(awk "BEGIN { print $most / $rate / 60 }")" '<=' 11
verdict 'longest wait of a pending change, minutes' "$(awk "BEGIN { print $oldest / 60 }")" '<=' 11
verdict 'errors and warnings in the log' "$(grep -cE ' (error|warning) ' "$cluster/service.log" || true)" '<=' 0
differences=$(sql -c "SELECT count(*) FROM reseller_report.verify('-infinity', 'infinity')")
verdict 'differences between raw usage and summaries' "$differences" '<=' 0
grep -E ' (error|warning) ' "$cluster/service.log" | head -n 5 || true
exit $missed
