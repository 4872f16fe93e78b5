#!/usr/bin/env bash
# A report of 10 companies, by how many changed keys of others (a company and a quarter hour) are pending, and by how many are dead
# under a transaction held open.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off autovacuum=off
make_database waiting
curve pending 'A report of 10 companies while others are not folded yet' 'pending changes of others' 'milliseconds'
curve dead 'A report of 10 companies under a transaction held open' 'dead changes of others' 'milliseconds'
sql -o /dev/null -c "SELECT setseed(0.75), bench.companies(9000), bench.reseller(2, 100001, 10),
        bench.partitions('2024-01-01 00:00+00', 12)" \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
        SELECT 100001 + n % 10, 'sms', timestamptz '2024-01-01 00:00+00' + n * interval '1 hour', 0.05
        FROM generate_series(1, 8000) n"
fold_all
# keys COUNT: so many of reseller 1, a thousand to a transaction, each other ones than before.
written=0
keys() {
    local end=$((written + $1))
    for ((; written < end; written += 1000)); do
        echo "INSERT INTO usage.text_message (company_id, channel, occurred_at) SELECT 1001 + n % 9000, 'sms',
            timestamptz '2024-06-01 00:00+00' + n / 9000 * interval '15 minutes' FROM generate_series($written, $written + 999) n;"
    done >"$cluster/keys.sql"
    sql -f "$cluster/keys.sql"
}
time_it() { report 2 '2024-03-31 21:00+00' '2024-04-30 21:00+00' | median_time 40; }
counts=$(sizes '0 1000 10000 100000 1000000' '0 1000 10000 100000')
there=0
for count in $counts; do
    keys $((count - there))
    there=$count
    point pending "$ours" "$count" "$(label "$count")" "$(time_it)"
done
fold_pending
sql -o /dev/null -c 'SELECT * FROM reseller_report.materialize(10000000)' -c VACUUM
hold_snapshot
there=0
for count in $counts; do
    keys $((count - there))
    there=$count
    fold_pending
    sql -c 'VACUUM'
    point dead "$ours" "$count" "$(label "$count")" "$(time_it)"
done
release_snapshot
