#!/usr/bin/env bash
# Single-row INSERT and delivery UPDATE through pgbench, 4 clients: throughput with capture against without.
source "$(dirname "$0")/lib.sh"
start_cluster
make_database writers
sql -o /dev/null -c "SELECT reseller_report.create_usage_tables('plain')" \
    -c "SELECT reseller_report.detach_source('plain.text_message')" \
    -c "SELECT setseed(0.75), bench.companies(1000)"
for schema in plain usage; do
    cat >"$cluster/$schema.pgbench" <<SQL
\set company random(1001, 2000)
INSERT INTO $schema.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    VALUES (:company, 'sms', now(), 0.0123, 0.0456) RETURNING id, (extract(epoch FROM occurred_at) * 1000000)::bigint AS at \gset
UPDATE $schema.text_message SET delivered_at = now() WHERE id = :id
    AND occurred_at = timestamptz 'epoch' + :at * interval '1 microsecond';
SQL
done
for commit in on off; do
    : >"$cluster/ratio"
    for round in 0 1 2 3 4 5; do
        for schema in plain usage; do
            sql -c "TRUNCATE $schema.text_message" -c 'DELETE FROM reseller_report.usage_delta' \
                -c 'VACUUM reseller_report.usage_delta' -c CHECKPOINT
            PGOPTIONS="-c synchronous_commit=$commit" pgbench -n -M prepared -c 4 -j 2 -T "${SECONDS_A_RUN:-8}" \
                -f "$cluster/$schema.pgbench" 2>/dev/null |
                awk '/^tps/ { print $3 }' >"$cluster/$schema.tps"
        done
        [ $round -eq 0 ] || paste "$cluster/usage.tps" "$cluster/plain.tps" | awk '{ print $1 / $2 }' >>"$cluster/ratio"
    done
    printf '        synchronous_commit %s, last round: plain %.0f tps, connected %.0f tps\n' $commit \
        "$(cat "$cluster/plain.tps")" "$(cat "$cluster/usage.tps")"
    verdict "single-row INSERT and UPDATE, synchronous_commit $commit: throughput" \
        "$(median <"$cluster/ratio")" '>=' "$([ $commit = on ] && echo 0.95 || echo 0.75)"
done
exit $missed
