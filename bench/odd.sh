#!/usr/bin/env bash
# 10:17 to 23:59:59 eight months later, 10,000 companies, while others write 1,000 messages a second into the same table and have
# done so in the hours of both ends: against the same period on quarter hours.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database odd
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12),
    bench.year(10000, 0.1, 1), bench.reseller(2, 100001, 1000)" \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT 100001 + floor(random() * 1000)::bigint, 'sms', t + n * interval '1 millisecond', 0.05, 0.08
        FROM unnest('{2024-02-15 10:10+00,2024-10-16 23:50+00}'::timestamptz[]) t, generate_series(0, 599999) n"
fold_all
start_service
echo "SELECT * FROM reseller_report.text_messaging(1, '2024-02-15 10:15+00', '2024-10-17 00:00+00');" >"$cluster/aligned.sql"
echo "SELECT * FROM reseller_report.text_messaging(1, '2024-02-15 10:17+00', '2024-10-16 23:59:59+00');" >"$cluster/odd.sql"
write_events usage 100001 1000 1000 1 "${SECONDS_A_RUN:-40}" >"$cluster/written" &
writer=$!
ratios 41 "$cluster"/{aligned,odd}.sql >"$cluster/result"
kill -0 $writer || { echo 'the writers ended before the reports' >&2; exit 1; }
wait $writer
printf '        %s messages a second; aligned %s ms, odd %s ms\n' "$(cat "$cluster/written")" \
    "$(awk 'NR == 1 { print $1 }' "$cluster/result")" "$(awk 'NR == 2 { print $1 }' "$cluster/result")"
verdict 'odd minutes, 10,000 companies, others write 1,000 a second: times aligned' \
    "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '<=' 1.5
exit $missed
