#!/usr/bin/env bash
# A transaction held open for hours: a report of a reseller of 10,000 companies after FOLDS=10000 folds of its own, each of ten
# messages of another second, with a merge of what pays every 60 folds; vacuum may take none of what they replaced. Against the same
# report before.
source "$(dirname "$0")/lib.sh"
folds=${FOLDS:-10000}
start_cluster fsync=off autovacuum=off
make_database before
sql -o /dev/null -c "SELECT setseed(0.25), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12),
    bench.year(10000, 0.1, 1)"
fold_all
sql -d postgres -c 'CREATE DATABASE after TEMPLATE before'
export PGDATABASE=after
hold_snapshot
for ((n = 0; n < folds; n++)); do
    echo "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT 1001 + floor(random() * 10000)::bigint, bench.channel(),
            timestamptz '2024-06-15 06:00+00' + $n * interval '1 second', 0.05, 0.08 FROM generate_series(1, 10);
        SELECT reseller_report.fold();"
    ((n % 60 != 59)) || echo 'SELECT * FROM reseller_report.materialize(100000, true);'
done | sql -o /dev/null
sql -c 'VACUUM (ANALYZE)'
printf '        %s dead rows of the summaries, %s runs that wait to be merged\n' \
    "$(sql -c "SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE schemaname = 'reseller_report'")" \
    "$(sql -c 'SELECT count(*) FROM reseller_report.usage_run')"
report="SELECT * FROM reseller_report.text_messaging(1, '2024-05-31 21:00+00', '2024-06-30 21:00+00');"
for ((round = 0; round < 9; round++)); do
    echo "$(PGDATABASE=before median_time 9 <<<"$report") $(PGDATABASE=after median_time 9 <<<"$report")"
done >"$cluster/result"
printf '        before %s ms, after %s ms\n' "$(cut -d ' ' -f 1 "$cluster/result" | median)" \
    "$(cut -d ' ' -f 2 "$cluster/result" | median)"
verdict '10,000 folds of its own under a held snapshot, 10,000 companies: ms more' \
    "$(awk '{ print $2 - $1 }' "$cluster/result" | median)" '<=' 2
release_snapshot
exit $missed
