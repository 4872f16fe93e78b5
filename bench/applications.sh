#!/usr/bin/env bash
# What applications call: the page of 10,000 companies against its five reports, a year by day against one report of it, and pages
# of the raw events of a cell of a million.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database applications
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12)"
sql -o /dev/null -c "SELECT setseed(0.5), bench.year(10000, 0.1, 1)"
sql -c "INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin)
    SELECT CASE WHEN n % 5 = 0 THEN 1001 + n % 7000 ELSE 1001 END, 'bot',
        timestamptz '2024-01-01 00:00+00' + n * interval '25 seconds', 1
    FROM generate_series(1, 1250000) n"
fold_all

year="1, '2024-01-01 00:00+03', '2025-01-01 00:00+03'"
{
    echo 'SELECT 0'
    for report in text_messaging chat telephony_outgoing telephony_incoming bot; do
        echo "    + (SELECT count(*) FROM reseller_report.$report($year))"
    done
    echo ';'
} >"$cluster/reports.sql"
echo "SELECT length(reseller_report.reseller_and_companies($year)::text);" >"$cluster/page.sql"
echo "SELECT length(reseller_report.reseller_and_companies($year, row_limit => 50)::text);" >"$cluster/rows.sql"
ratios 9 "$cluster"/{reports,page,rows}.sql >"$cluster/result"
verdict 'the page: times its reports' "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '<=' 3
verdict 'the page, 50 rows a section: times its reports' "$(awk 'NR == 3 { print $2 }' "$cluster/result")" '<=' 2

echo "SELECT count(*) FROM reseller_report.text_messaging($year);" >"$cluster/report.sql"
echo "SELECT sum(events) FROM reseller_report.usage_series($year, only_service => 'text_messaging');" >"$cluster/series.sql"
ratios 25 "$cluster"/{report,series}.sql >"$cluster/result"
verdict 'a year by day: times a report of it' "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '<=' 1

cell="1, 1001, 'chat', '2024-01-01 00:00+03', '2025-01-01 00:00+03', 'bot'"
far=$(sql -c "SELECT \"position\" FROM reseller_report.usage_events($cell, 900000) OFFSET 899999")
echo "SELECT * FROM reseller_report.usage_events($cell, 100);" >"$cluster/first.sql"
echo "SELECT * FROM reseller_report.usage_events($cell, 100, '$far');" >"$cluster/later.sql"
ratios 21 "$cluster"/{first,later}.sql >"$cluster/result"
verdict 'the first 100 events of a million, ms' "$(awk 'NR == 1 { print $1 }' "$cluster/result")" '<=' 20
verdict 'events 900,001 to 900,100: times the first' "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '<=' 1.5
exit $missed
