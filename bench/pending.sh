#!/usr/bin/env bash
# A report of 10,000 companies with 100,000 pending deltas of other resellers, against the same with none; and the memory of a
# backend that folds, with a backlog of 100,000 and of 1,000,000 deltas.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database none
sql -o /dev/null -c "SELECT setseed(0.75), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12),
    bench.year(10000, 0.05, 1)"
sql -o /dev/null -c 'SELECT bench.reseller(2, 100001, 1000)'
fold_all
# write_deltas FIRST COUNT: as many deltas of the other reseller, in transactions of 10,000.
write_deltas() {
    for ((n = $1; n < $1 + $2; n += 10000)); do
        echo "INSERT INTO usage.text_message (company_id, channel, occurred_at)
            SELECT 100001 + n % 1000, 'sms', timestamptz '2024-01-01 00:00+00' + n / 1000 * interval '15 minutes'
            FROM generate_series($n, $n + 9999) n;"
    done | sql
}
sql -d postgres -c 'CREATE DATABASE pending TEMPLATE none'
PGDATABASE=pending write_deltas 0 100000
report="SELECT * FROM reseller_report.text_messaging(1, '2024-03-31 21:00+00', '2024-04-30 21:00+00');"
for ((round = 0; round < 9; round++)); do
    echo "$(PGDATABASE=none median_time 9 <<<"$report") $(PGDATABASE=pending median_time 9 <<<"$report")"
done >"$cluster/result"
awk '{ print $2 - $1 }' "$cluster/result" | median >"$cluster/more"
printf '        %s pending; none %s ms, pending %s ms\n' \
    "$(sql -d pending -c 'SELECT pending_deltas FROM reseller_report.materializer_state')" \
    "$(cut -d ' ' -f 1 "$cluster/result" | median)" "$(cut -d ' ' -f 2 "$cluster/result" | median)"
# At most 1.2 times as long, or 5 ms more.
if awk '{ exit !($1 <= 5) }' "$cluster/more"; then
    verdict '100,000 deltas of others are pending: ms more for a report' "$(cat "$cluster/more")" '<=' 5
else
    verdict '100,000 deltas of others are pending: times the report' \
        "$(awk '{ print $2 / $1 }' "$cluster/result" | median)" '<=' 1.2
fi

peak_of_fold() {
    printf '%s\n' 'SELECT deltas FROM reseller_report.materialize(100000);' "$peak_of_session" | sql -d "$1" | tail -n 1
}
few=$(peak_of_fold pending)
PGDATABASE=pending write_deltas 1000000 1000000
many=$(peak_of_fold pending)
echo "        folding 100,000 deltas of 100,000: $few kB at most; of 1,000,000: $many kB"
verdict 'memory of a fold with ten times the backlog, times' "$(awk "BEGIN { print $many / $few }")" '<=' 1.2
exit $missed
