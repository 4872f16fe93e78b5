# Shared by the curves: tables of values, sizes, and the queries of what other ways there are. Sourced.
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
values=$here/../build/growth
# EARLIER names the revision that is measured, where it is not that of this tree.
ours=reseller_report${EARLIER:+, $EARLIER}

# sizes ALL QUICK: one of the two lists.
sizes() { if [ -n "${QUICK:-}" ]; then echo "$2"; else echo "$1"; fi; }

# curve NAME TITLE X Y: a table of values, which plot draws. X and Y say what is on the axes, in which unit.
curve() {
    [ -z "${EARLIER:-}" ] || return 0
    printf '# %s\n# %s\n# %s\nline\tx\tlabel\ty\n' "$2" "$3" "$4" >"$values/$1.tsv"
}
# point CURVE LINE X LABEL Y
point() {
    printf '%s\t%s\t%s\t%s\n' "$2" "$3" "$4" "$5" >>"$values/$1.tsv"
    printf '%-10s %-50s %10s %10.3f\n' "$1" "$2" "$4" "$5"
}
# label NUMBER: short.
label() { awk -v n="$1" 'BEGIN { if (n >= 1e6) print n / 1e6 " M"; else if (n >= 1e3) print n / 1e3 " k"; else print n }'; }

# What is measured of other ways is measured once, beside the build of this tree.
with_others() { [ -z "${EARLIER:-}" ]; }

# fold_pending: folds all that is pending, and merges nothing where a fold does not.
fold_pending() {
    local call='reseller_report.fold(100000)'
    [ "$(sql -c "SELECT to_regproc('reseller_report.fold') IS NULL")" = f ] ||
        call='(SELECT deltas FROM reseller_report.materialize(100000))'
    while [ "$(sql -c "SELECT $call")" != 0 ]; do :; done
}

report() { echo "SELECT * FROM reseller_report.text_messaging($1, '$2', '$3');"; }

# A materialized view of days, as an application would make it; triggers keep such a table, too.
days_view() {
    sql -c "CREATE MATERIALIZED VIEW days AS SELECT company_id, channel, date_trunc('day', occurred_at, 'UTC') AS day,
                count(*) AS sent, count(delivered_at) AS delivered, sum(price_twin) AS price_twin,
                sum(price_reseller) AS price_reseller
            FROM usage.text_message GROUP BY 1, 2, 3" \
        -c 'CREATE INDEX ON days (company_id, day)' -c 'CREATE INDEX ON days (day)' -c 'VACUUM (ANALYZE) days'
}

# other_report FROM RESELLER PERIOD_FROM PERIOD_TO: the report from raw rows, or from days.
other_report() {
    local table=usage.text_message at=occurred_at sent='count(*)' delivered='count(delivered_at)' channel columns=
    [ "$1" = raw ] || { table=days at=day sent='sum(sent)' delivered='sum(delivered)'; }
    for channel in sms viber whatsapp email push; do
        columns+="$sent FILTER (WHERE channel = '$channel'), $delivered FILTER (WHERE channel = '$channel'),
            sum(price_twin) FILTER (WHERE channel = '$channel'), "
    done
    echo "SELECT c.company_id, c.name, m.* FROM reseller_report.dependency d JOIN reseller_report.company c USING (company_id)
        LEFT JOIN (SELECT t.company_id, $columns sum(price_twin), sum(price_reseller)
            FROM $table t JOIN reseller_report.dependency x ON x.company_id = t.company_id AND x.reseller_id = $2
            WHERE $at >= '$3' AND $at < '$4' GROUP BY t.company_id) m ON m.company_id = d.company_id
        WHERE d.reseller_id = $2 ORDER BY c.company_id;"
}
