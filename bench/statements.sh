#!/usr/bin/env bash
# A year of monthly statements for 10,000 companies, with 1 % of the events changed late each month: issuing a statement, and the
# open corrections of twelve, against usage() over a month.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database statements
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12)"
sql -o /dev/null -c "SELECT bench.year(10000, 0.1, 1)"
fold_all

# month N: the bounds of a month of 2024 on the reseller's clock.
month() { printf "'2024-%02d-01 00:00+03', '%d-%02d-01 00:00+03'" "$1" $((2024 + $1 / 12)) $(($1 % 12 + 1)); }
usage() { echo "SELECT * FROM reseller_report.usage(1, $(month "$1"));"; }
corrections='SELECT * FROM reseller_report.open_corrections(1);'
# An issue that is rolled back, as a function that ends with an error: its time has no other statement in it.
sql -c "CREATE FUNCTION bench.issue(f timestamptz, t timestamptz) RETURNS void LANGUAGE plpgsql AS \$\$
    BEGIN
        PERFORM reseller_report.issue_statement(1, f, t);
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END \$\$"
issue() { echo "SELECT bench.issue($(month "$1"));"; }

usage 1 >"$cluster/usage.sql"
issue 1 >"$cluster/first.sql"
issue 12 >"$cluster/later.sql"
echo "$corrections" >"$cluster/corrections.sql"
ratios 15 "$cluster"/{usage,first}.sql >"$cluster/result"
{ read -r asked _ && read -r first first_ratio; } <"$cluster/result"
for ((n = 1; n <= 12; n++)); do
    sql -o /dev/null -c "SELECT reseller_report.issue_statement(1, $(month $n))" \
        -c "UPDATE usage.text_message SET price_twin = price_twin + 1, delivered_at = occurred_at
            WHERE occurred_at < '2024-$(printf %02d $n)-28' AND random() < 0.01"
    fold_all
done
lines=$(sql -c 'SELECT count(*) FROM reseller_report.statement_lines')
open=$(sql -c 'SELECT count(*) FROM reseller_report.open_corrections(1)')
ratios 5 "$cluster"/{usage,corrections}.sql >"$cluster/result"
{ read -r _ && read -r compared compared_ratio; } <"$cluster/result"
sql -o /dev/null -c "SELECT reseller_report.withdraw_statement(id, 'a benchmark') FROM reseller_report.statements WHERE number = 12"
ratios 9 "$cluster"/{usage,corrections,later}.sql >"$cluster/result"
{ read -r _ && read -r eleven eleven_ratio && read -r later later_ratio; } <"$cluster/result"
echo "$lines lines, $open of them open; usage $asked ms, issue $first ms, open corrections of twelve $compared ms," \
    "the twelfth $later ms, of which the open corrections of the others $eleven ms" >&2
verdict 'a first statement of 10,000 companies: times usage() over its month' "$first_ratio" '<=' 3
verdict 'a twelfth one, less the open corrections: times usage()' "$(awk "BEGIN { print $later_ratio - $eleven_ratio }")" '<=' 3
verdict 'open corrections of twelve statements: times usage() over a month' "$compared_ratio" '<=' 15
exit $missed
