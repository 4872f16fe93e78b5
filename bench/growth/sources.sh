#!/usr/bin/env bash
# A report of one company, by how many tables of messages are connected.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off autovacuum=off
make_database sources
curve sources 'A month of one company' 'connected tables of messages' 'milliseconds'
sql -o /dev/null -c 'SELECT bench.reseller(2, 3, 1)' \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (3, 'sms', '2024-02-10 10:00+00')"
there=1
for count in $(sizes '1 3 10 30 100 300' '1 10 30'); do
    connect_messages $((there + 1)) "$count"
    there=$count
    fold_all
    point sources "$ours" "$count" "$count" "$(report 2 '2024-01-31 21:00+00' '2024-02-29 21:00+00' | median_time 40)"
    point sources "${ours/report/report, odd ends}" "$count" "$count" \
        "$(report 2 '2024-01-31 21:07+00' '2024-02-29 20:52:30+00' | median_time 40)"
done
