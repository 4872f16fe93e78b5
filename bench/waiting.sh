#!/usr/bin/env bash
# What waits must not slow down others: reports of a small reseller while a million keys of a wide one are pending, folded, or dead
# under a transaction held open; and what folding them costs.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off autovacuum=off
make_database waiting
sql -o /dev/null -c "SELECT setseed(0.75), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12),
    bench.year(10000, 0.05, 1)"
sql -o /dev/null -c 'SELECT bench.reseller(2, 100001, 10)' \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
        SELECT 100001 + n % 10, 'sms', timestamptz '2024-01-01 00:00+00' + n * interval '1 hour', 0.05
        FROM generate_series(1, 8000) n"
fold_all
report="SELECT * FROM reseller_report.text_messaging(2, '2024-03-31 21:00+00', '2024-04-30 21:00+00');"
milliseconds_of_report() { median_time 40 <<<"$report"; }
milliseconds() { { echo '\timing on'; cat; } | sql -o /dev/null | awk '/^Time:/ { total += $2 } END { print total }'; }
more() { awk "BEGIN { print $1 - $2 }"; }
# keys FIRST COUNT: an INSERT of so many keys of the wide reseller, 9,000 to a quarter hour.
keys() {
    echo "INSERT INTO usage.text_message (company_id, channel, occurred_at) SELECT 1000 + n % 9000, 'sms',
        timestamptz '2024-06-01 00:00+00' + n / 9000 * interval '15 minutes' FROM generate_series($1, $1 + $2 - 1) n;"
}
drain() { while [ "$(sql -c 'SELECT reseller_report.fold(100000)')" != 0 ]; do :; done; }

none=$(milliseconds_of_report)
printf '        a report of 10 companies takes %s ms\n' "$none"
keys 1 1000000 | sql
verdict 'a million keys of others pending, of one transaction: ms more' "$(more "$(milliseconds_of_report)" "$none")" '<=' 10
drain
verdict 'the same after they are folded: ms more' "$(more "$(milliseconds_of_report)" "$none")" '<=' 0.2
sql -c 'VACUUM'
for ((n = 1; n <= 1000000; n += 1000)); do keys $n 1000; done | sql
verdict 'a million keys of others pending, of 1,000 transactions: ms more' "$(more "$(milliseconds_of_report)" "$none")" '<=' 20

hold_snapshot
drain
sql -c 'VACUUM reseller_report.usage_delta'
verdict 'a million dead keys of others that vacuum may not take: ms more' "$(more "$(milliseconds_of_report)" "$none")" '<=' 1
release_snapshot
sql -o /dev/null -c 'SELECT * FROM reseller_report.materialize(10000000)' -c 'VACUUM'

# The service folds what has come, while runs that do not pay wait. fold_of_1000 FIRST: the median of nine folds.
fold_of_1000() {
    for ((round = 0; round < 9; round++)); do
        keys $(($1 + round * 1000)) 1000 | sql
        echo 'SELECT reseller_report.fold();' | milliseconds
    done | median
}
keys 2000001 10000 | sql
drain
few=$(fold_of_1000 3000001)
keys 4000001 2000000 | sql
drain
many=$(fold_of_1000 7000001)
printf '        a fold of 1,000 changes: %s ms with 10,000 that wait to be merged, %s ms with 2 million\n' "$few" "$many"
verdict 'a fold of 1,000 changes, 2 million waiting against 10,000: times' "$(awk "BEGIN { print $many / $few }")" '<=' 1.5
exit $missed
