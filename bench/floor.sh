#!/usr/bin/env bash
# What a small question costs: a report of one company, the first call of a session, many sources, and periods of odd minutes.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off autovacuum=off
make_database floor
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(1000), bench.partitions('2024-01-01 00:00+00', 6)"
sql -c "INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (2, 'One', true), (3, 'Its company', false)" \
    -c 'INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (2, 3)' \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
        SELECT CASE WHEN n % 1000 = 0 THEN 3 ELSE company_id END, channel, occurred_at, occurred_at, price_twin, price_reseller
        FROM (SELECT row_number() OVER () AS n, s.* FROM bench.stream(1000, 1000000, 90) s) x" \
    -c 'CREATE TABLE public.row (id int PRIMARY KEY, v text)' -c "INSERT INTO public.row VALUES (1, 'x')"
fold_all
month="'2024-01-31 21:00+00', '2024-02-29 21:00+00'"
odd="'2024-01-31 21:07+00', '2024-02-29 20:52:30+00'"
echo 'SELECT * FROM public.row WHERE id = 1;' >"$cluster/row.sql"
echo "SELECT * FROM reseller_report.text_messaging(2, $month);" >"$cluster/one.sql"
ratios 301 "$cluster"/{row,one}.sql >"$cluster/result"
awk '{ printf "        %s ms\n", $1 }' "$cluster/result"
verdict 'a report of one company: times a SELECT of one row' "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '<=' 2
echo "SELECT * FROM reseller_report.text_messaging(1, $month);" >"$cluster/aligned.sql"
echo "SELECT * FROM reseller_report.text_messaging(1, $odd);" >"$cluster/odd.sql"
ratios 41 "$cluster"/{aligned,odd}.sql >"$cluster/result"
verdict 'odd minutes, 1,000 companies: times the aligned month' "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '<=' 1.6

# The CPU time of the backend for the first call of a session, without what a session costs that calls nothing of ours.
cpu_of_session() {
    sql <<SQL | tail -n 1
$1
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
\! awk '{ print \$1 / 1000000 }' /proc/\$PID/schedstat
SQL
}
cpu() { for ((i = 0; i < 60; i++)); do cpu_of_session "$1"; done | awk '{ total += $1 } END { print total / NR }'; }
nothing=$(cpu 'SELECT * FROM public.row WHERE id = 1 \g /dev/null')
first=$(cpu "SELECT * FROM reseller_report.text_messaging(2, $month) \g /dev/null")
verdict 'the first call of a session: ms of CPU' "$(awk "BEGIN { print $first - $nothing }")" '<=' 2.5

connect_messages 1 300
fold_all
verdict 'a report of 300 sources: ms' "$(median_time 21 <"$cluster/one.sql")" '<=' 1
verdict 'a report of 300 sources, odd minutes: ms' \
    "$(median_time 21 <<<"SELECT * FROM reseller_report.text_messaging(2, $odd);")" '<=' 8
exit $missed
