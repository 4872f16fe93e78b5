#!/usr/bin/env bash
# The tables for tools, by what tools ask: 10,000 companies, a year, of which a tenth (A) or all (F) are active on a day. Each
# query is measured against the same one over an ordinary table of the same rows, with indexes.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off work_mem=64MB

# query NAME TEXT: two files, NAME.table.sql and NAME.flat.sql, from a text that has @ where the table goes.
query() {
    echo "${2//@/reseller_report.daily_usage};" >"$cluster/$1.table.sql"
    echo "${2//@/flat};" >"$cluster/$1.flat.sql"
}
# how_much_faster NAME LABEL BAR: than flat.
how_much_faster() {
    ratios 5 "$cluster/$1".{table,flat}.sql >"$cluster/result"
    awk 'NR == 1 { printf "        %.1f ms, ", $1 } NR == 2 { printf "flat %.1f ms\n", $1 }' "$cluster/result"
    verdict "$2: times as fast as flat" "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '>=' "$3"
}
# times FIRST SECOND LABEL BAR [ROUNDS]: how long the second query takes, in times of the first.
times() {
    ratios "${5:-5}" "$1" "$2" >"$cluster/result"
    awk 'NR == 1 { printf "        %.1f ms, ", $1 } NR == 2 { printf "%.1f ms\n", $1 }' "$cluster/result"
    verdict "$3" "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '<=' "$4"
}

query daily "SELECT day, service, sum(events), sum(price_to_twin) FROM @ WHERE reseller_id = 1 AND bucket >= '2024-01-01'
    AND bucket < '2025-01-01' GROUP BY 1, 2 ORDER BY 1, 2"
query top "SELECT company_name, sum(price_to_twin) FROM @ WHERE reseller_id = 1 AND day >= '2024-06-01' AND day < '2024-07-01'
    GROUP BY 1 ORDER BY 2 DESC LIMIT 20"
query company "SELECT day, sum(events), sum(price_to_twin) FROM @ WHERE reseller_id = 1 AND company_id = 5000 GROUP BY 1 ORDER BY 1"
month="SELECT * FROM @ WHERE reseller_id = 1 AND day >= '2024-06-01' AND day < '2024-07-01'"
limited='SELECT * FROM @ LIMIT 10000'
query month "$month"
query limited "$limited"
# The same without sending the rows. count(x.*) makes a value of each row, so that the server cannot leave columns out.
query month_counted "SELECT count(x.*) FROM ($month OFFSET 0) x"
query limited_counted "SELECT count(x.*) FROM ($limited) x"
days=$(($(date +%s) / 86400 - 20058))  # since 2024-12-01
query last "SELECT day, service, sum(events), sum(price_to_twin) FROM @ WHERE reseller_id = 1
    AND bucket >= now() - interval '$days days' GROUP BY 1, 2 ORDER BY 1, 2"
echo "SELECT company_id, sum(price_to_twin) FROM reseller_report.monthly_usage WHERE reseller_id = 1 AND service = 'text_messaging'
    AND month >= '2024-01-01' AND month < '2025-01-01' GROUP BY 1;" >"$cluster/monthly.sql"
echo "SELECT * FROM reseller_report.text_messaging(1, '2024-01-01 00:00+03', '2025-01-01 00:00+03');" >"$cluster/report.sql"

for share in 0.1 1; do
    make_database "tables_${share/./}"
    sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12)"
    sql -o /dev/null -c "SELECT setseed(0.5), bench.year(10000, $share, 1)"
    fold_all
    sql -c 'CREATE TABLE flat AS SELECT * FROM reseller_report.daily_usage' -c 'CREATE INDEX ON flat (reseller_id, day)' \
        -c 'CREATE INDEX ON flat (reseller_id, bucket)' \
        -c 'VACUUM (ANALYZE) flat' -o /dev/null
    which=$([ $share = 1 ] && echo F || echo A)
    how_much_faster daily "$which: daily chart of a year a service" "$([ $which = A ] && echo 10 || echo 40)"
    how_much_faster top "$which: top 20 companies of a month" "$([ $which = A ] && echo 1.5 || echo 5)"
    how_much_faster company "$which: one company, a year by day" 3
    times "$cluster"/month.{flat,table}.sql "$which: all rows of a month: times flat" 1.5
    times "$cluster"/limited.{flat,table}.sql "$which: LIMIT 10000: times flat" 2
    times "$cluster"/month_counted.{flat,table}.sql "$which: all rows of a month, counted: times flat" 1.5
    times "$cluster"/limited_counted.{flat,table}.sql "$which: LIMIT 10000, counted: times flat" 2
    times "$cluster/daily.table.sql" "$cluster/last.table.sql" "$which: the last 30 days by now(): times the year" 0.2 25
    times "$cluster/report.sql" "$cluster/monthly.sql" "$which: a year summed a company: times the report" 3
    ratios 5 "$cluster/daily.table.sql" >"$cluster/local"
    sql -c "UPDATE reseller_report.company SET time_zone = 'UTC' WHERE company_id = 1"
    ratios 5 "$cluster/daily.table.sql" >"$cluster/utc"
    verdict "$which: local days: times UTC days" "$(awk 'NR == 1 { utc = $1 } NR == 2 { print $1 / utc }' "$cluster/utc" \
        "$cluster/local")" '<=' 3
done
exit $missed
