#!/usr/bin/env bash
# COPY of 1,000,000 text messages into a connected table against the same COPY into such a table that is not connected.
source "$(dirname "$0")/lib.sh"
start_cluster
make_database copy
columns='company_id, channel, occurred_at, delivered_at, price_twin, price_reseller'
sql -o /dev/null -c "SELECT reseller_report.create_usage_tables('plain')" \
    -c "SELECT reseller_report.detach_source('plain.text_message')" \
    -c "SELECT setseed(0.125), bench.companies(1000)" \
    -c "COPY (SELECT * FROM bench.stream(1000, 1000000, 3)) TO '$cluster/data/messages.copy'"
# One session for all rounds, the first of which warms up. Each COPY finds an empty table; both have the same two indexes.
for ((round = 0; round <= 7; round++)); do
    for schema in plain usage; do
        cat <<SQL
\timing off
TRUNCATE $schema.text_message;
DELETE FROM reseller_report.usage_delta;
VACUUM reseller_report.usage_delta;
CHECKPOINT;
\timing on
COPY $schema.text_message ($columns) FROM '$cluster/data/messages.copy';
SQL
    done
done >"$cluster/copy.sql"
sql -f "$cluster/copy.sql" | awk '/^Time:/ { print $2 }' | paste - - | tail -n +2 >"$cluster/times"
awk '{ print $2 / $1 }' "$cluster/times" >"$cluster/ratio"
printf '        medians: plain %.0f ms, connected %.0f ms\n' \
    "$(cut -f 1 "$cluster/times" | median)" "$(cut -f 2 "$cluster/times" | median)"
verdict 'COPY of 1,000,000 text messages: times a table not connected' "$(median <"$cluster/ratio")" '<=' 1.12
exit $missed
