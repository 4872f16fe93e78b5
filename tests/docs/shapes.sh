#!/usr/bin/env bash
# Each row of "Columns of another shape" in docs/connecting.md, done on a table that has such a column, gives the reports that the
# column means. The sections that hints name are there. And the hint of a missing index, done as printed, ends the warning and
# changes no figure.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"; psql -X -q -d postgres -c "DROP DATABASE IF EXISTS shapes" 2>/dev/null' EXIT
export PGOPTIONS='-c client_min_messages=error'
run() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d shapes "$@"; }
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS shapes' -c 'CREATE DATABASE shapes TEMPLATE reseller_report_test'

# Of each row the code in its cells: the columns that there are, the one to add, and what to map.
rows() {
    awk -F '|' '/^### / { inside = $0 == "### Columns of another shape" } inside && /^\| `/ {
        for (i = 2; i <= 5; i++) { split($i, part, "`"); code[i] = part[2] }
        print code[2] "\t" code[3] " GENERATED ALWAYS AS (" code[4] ") STORED\t" code[5] }' docs/connecting.md
}
{
    echo 'CREATE TABLE documented (shape text, added text, mapped text);'
    echo 'COPY documented FROM STDIN;'
    rows
    echo '\.'
} | run
run -f tests/docs/shapes.sql

missing=$(grep -oh '"[A-Z][^"]*" in the documentation' sql/*.sql | cut -d '"' -f 2 | sort -u | while IFS= read -r title; do
    grep -qE "^#+ $title\$" docs/*.md || echo "$title"
done)
if [ -z "$missing" ]; then echo 'ok - the sections that hints name'; else echo "not ok - the sections that hints name: $missing"; fi

# warned: attaches and prints the commands of the hints, if any; figures: what the report says.
export PGOPTIONS='-c client_min_messages=warning'
warned() { run -c "SELECT reseller_report.attach_source('bot', 'shapes.\"Raw\"')" 2>&1 | sed -n 's/^HINT:  //p'; }
figures() { run -c "SELECT * FROM reseller_report.bot(1, '2024-03-01 00:00:01+00', '2024-03-31 00:07+00')"; }
run <<'SQL'
CREATE TABLE shapes."Raw" (
    company_id bigint, occurred_at timestamptz, price_twin numeric(9,3), price_reseller numeric(9,3), billable boolean);
INSERT INTO shapes."Raw"
    SELECT 11 + n % 20, '2024-03-01 00:00+00'::timestamptz + n * interval '37 minutes', 1.5, 1, true
    FROM generate_series(1, 1000) n;
SQL
warned >"$work/hints"
figures >"$work/before"
run -c "SELECT reseller_report.detach_source('shapes.\"Raw\"')" >/dev/null
while IFS= read -r command; do run -c "$command"; done <"$work/hints"
warned >"$work/more"
figures >"$work/after"
if [ "$(wc -l <"$work/hints")" -eq 2 ] && [ ! -s "$work/more" ] && [ -s "$work/before" ] &&
    cmp -s "$work/before" "$work/after"; then
    echo 'ok - the indexes that a warning names end it'
else
    echo 'not ok - the indexes that a warning names end it'
    sed 's/^/# /' "$work/hints" "$work/more"
fi
