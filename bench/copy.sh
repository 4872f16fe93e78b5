#!/usr/bin/env bash
# COPY of 1,000,000 text messages into a connected table against the same COPY into such a table that is not connected.
source "$(dirname "$0")/lib.sh"
start_cluster
make_database copy
columns='company_id, channel, occurred_at, delivered_at, price_twin, price_reseller'
sql -o /dev/null -c "SELECT reseller_report.create_usage_tables('plain'), reseller_report.detach_source('plain.text_message')" \
    -c "SELECT setseed(0.125), bench.companies(1000)" \
    -c "COPY (SELECT * FROM bench.stream(1000, 1000000, 3)) TO '$cluster/data/messages.copy'"
: >"$cluster/ratio"
for round in 0 1 2 3 4 5; do
    for schema in plain usage; do
        # Each COPY finds an empty table; both have the same two indexes.
        sql -c "TRUNCATE $schema.text_message" -c 'DELETE FROM reseller_report.usage_delta' -c 'VACUUM reseller_report.usage_delta' -c CHECKPOINT
        printf '\\timing on\nCOPY %s.text_message (%s) FROM '\''%s/data/messages.copy'\'';\n' $schema "$columns" "$cluster" >"$cluster/copy.sql"
        sql -f "$cluster/copy.sql" | awk '/^Time:/ { print $2 }' >"$cluster/$schema"
    done
    [ $round -eq 0 ] || paste "$cluster/usage" "$cluster/plain" | awk '{ print $1 / $2 }' >>"$cluster/ratio"
done
printf '        last round: plain %.0f ms, connected %.0f ms\n' "$(cat "$cluster/plain")" "$(cat "$cluster/usage")"
verdict 'COPY of 1,000,000 text messages: times a table not connected' "$(median <"$cluster/ratio")" '<=' 1.3
exit $missed
