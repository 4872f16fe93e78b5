#!/usr/bin/env bash
# Reports of a reseller of 10 companies, 4 clients, beside 5,000 messages a second of others, with the service at work: how many a
# second there are, against the same beside the same writes to a table that is not connected.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database beside
sql -o /dev/null -c "SELECT reseller_report.create_usage_tables('plain')" \
    -c "SELECT reseller_report.detach_source('plain.text_message')" \
    -c "SELECT setseed(0.5), bench.companies(1000), bench.reseller(2, 100001, 10)" \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT 100001 + n % 10, 'sms', now() - n * interval '10 minutes', 0.05, 0.08 FROM generate_series(1, 8000) n"
fold_all
today=$(date -u +%F)
echo "SELECT * FROM reseller_report.text_messaging(2, timestamptz '$today 21:00+00' - interval '31 days', '$today 21:00+00');" \
    >"$cluster/report.pgbench"
start_service
seconds=${SECONDS_A_RUN:-10}
for round in 0 1 2 3 4 5 6 7; do
    for schema in plain usage; do
        write_events $schema 1001 1000 500 10 $((seconds + 2)) >"$cluster/$schema.written" &
        writer=$!
        sleep 1
        pgbench -n -M prepared -c 4 -j 1 -T "$seconds" -f "$cluster/report.pgbench" 2>/dev/null |
            awk '/^tps/ { print $3 }' >"$cluster/$schema.tps"
        wait $writer
    done
    printf '        not connected: %.0f reports and %s messages a second; connected: %.0f and %s\n' \
        "$(cat "$cluster/plain.tps")" "$(cat "$cluster/plain.written")" \
        "$(cat "$cluster/usage.tps")" "$(cat "$cluster/usage.written")"
    [ $round -eq 0 ] || awk 'NR == FNR { plain = $1; next } { print $1 / plain }' "$cluster/plain.tps" "$cluster/usage.tps" \
        >>"$cluster/ratio"
done
verdict 'small reports a second beside 5,000 messages a second: times not connected' "$(median <"$cluster/ratio")" '>=' 0.7
exit $missed
