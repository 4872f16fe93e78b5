#!/usr/bin/env bash
# Building and rebuilding ROWS=7200000 uneven rows: 10,000 companies, 60 days, a quarter of the rows on the first day. The most
# memory of the backend (VmHWM), without the shared buffers that it has touched (RssShmem), and how long it took.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database rebuild
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 3)" \
    -c "SELECT reseller_report.detach_source('usage.text_message')"
sql -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
    SELECT company_id, channel, at, at, price_twin, price_reseller
    FROM (SELECT s.*, timestamptz '2024-01-01 00:00+00' + power(random(), 3) * interval '60 days' AS at
        FROM bench.stream(10000, ${ROWS:-7200000}, 60) s OFFSET 0) x" \
    -c 'VACUUM (ANALYZE) usage.text_message' -o /dev/null \
    -c "SELECT reseller_report.attach_source('text_messaging', 'usage.text_message')"
# rebuild WHAT BAR: in a session of its own.
rebuild() {
    printf '%s\n' '\timing on' "CALL reseller_report.rebuild('usage.text_message');" '\timing off' "$peak_of_session" |
        PGOPTIONS='-c client_min_messages=warning' sql >"$cluster/said"
    measured "$1, 7.2 million uneven rows: seconds" "$(awk '/^Time:/ { print $2 / 1000 }' "$cluster/said")"
    verdict "$1, 7.2 million uneven rows: MB of the backend" "$(tail -n 1 "$cluster/said" | awk '{ print $1 / 1024 }')" '<=' "$2"
}
rebuild 'a build' 64
sql -c CHECKPOINT
rebuild 'a rebuild over built days' 64
exit $missed
