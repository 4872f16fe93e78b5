#!/usr/bin/env bash
# Reports of a reseller of 10 companies a second, by 1 to 16 readers, beside no, 500 and 5,000 messages a second of others and the
# service at work.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database readers
curve readers 'Reports of 10 companies beside writers of messages' 'readers at once' 'reports a second'
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(1000), bench.reseller(2, 100001, 10)" \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT 100001 + n % 10, 'sms', now() - n * interval '10 minutes', 0.05, 0.08 FROM generate_series(1, 8000) n"
fold_all
today=$(date -u +%F)
report 2 "$(date -u -d "$today - 31 days" +%F) 21:00+00" "$today 21:00+00" >"$cluster/report.pgbench"
start_service
seconds=$(sizes 5 2)
readers=$(sizes '1 2 4 8 16' '1 4')
for rate in 0 500 5000; do
    writer=
    each=$((rate > 500 ? 10 : 1))
    if [ "$rate" -gt 0 ]; then
        write_events usage 1001 1000 $((rate / each)) $each $((($(wc -w <<<"$readers")) * (seconds + 1) + 1)) >"$cluster/written" &
        writer=$!
        sleep 1
    fi
    for count in $readers; do
        pgbench -n -M prepared -c "$count" -j 1 -T "$seconds" -f "$cluster/report.pgbench" >"$cluster/said" 2>/dev/null
        point readers "$ours, $rate/s" "$count" "$count" "$(awk '/^tps/ { print $3 }' "$cluster/said")"
    done
    [ -z "$writer" ] || { wait "$writer"; echo "           of $rate messages a second there were $(cat "$cluster/written")"; }
done
