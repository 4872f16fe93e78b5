#!/usr/bin/env bash
# Reports of 10,000 dependent companies against SELECT * of a table that holds the finished answer; all folded.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off

measure() {
    local what=$1 active=$2 per_company=$3 bar=$4 name
    make_database "reports_$active"
    sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12)"
    sql -o /dev/null -c "SELECT setseed(0.5), bench.year(10000, 0.$active, $per_company)"
    fold_all
    local -A period=(
        [day]="'2024-06-11 00:00+03', '2024-06-12 00:00+03'"
        [month]="'2024-02-01 00:00+03', '2024-03-01 00:00+03'"
        [year]="'2024-01-01 00:00+03', '2025-01-01 00:00+03'"
        [half]="'2024-04-01 00:00+03', '2024-10-01 00:00+03'"
        [odd]="'2024-02-15 10:17+00', '2024-10-16 23:59:59+00'")
    sql -o /dev/null -c "CREATE TABLE answer AS SELECT * FROM reseller_report.text_messaging(1, ${period[year]})" \
        -c 'VACUUM ANALYZE answer'
    echo 'SELECT * FROM answer;' >"$cluster/answer.sql"
    for name in "${!period[@]}"; do
        echo "SELECT * FROM reseller_report.text_messaging(1, ${period[$name]});" >"$cluster/$name.sql"
    done
    ratios 21 "$cluster"/{answer,day,month,half,year,odd}.sql >"$cluster/result"
    local names=(answer day 'month in UTC+3' 'half year' year '10:17 to 23:59:59 eight months later') i=0 day
    while read -r ms ratio; do
        [ $i -eq 0 ] && printf '        %s: SELECT * of the finished answer takes %.1f ms\n' "$what" "$ms"
        [ $i -eq 1 ] && day=$ms
        [ $i -gt 0 ] && verdict "$what, ${names[$i]}: times SELECT *" "$ratio" '<=' "$([ $i -eq 2 ] && echo 1.5 || echo "$bar")"
        [ $i -eq 4 ] && verdict "$what, a calendar year in UTC+3: times a day" "$(awk "BEGIN { print $ms / $day }")" '<=' 2
        i=$((i + 1))
    done <"$cluster/result"
}

measure 'a tenth active on a day' 100 3 3
measure 'all active every day' 999 1 5
exit $missed
