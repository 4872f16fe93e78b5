#!/usr/bin/env bash
# ALTER EXTENSION UPDATE: a database updated to this version has the objects of one that was installed with it, and keeps its
# figures, its triggers and its sessions. A made-up older version stands for those before it, which are tried by longer suites.
set -euo pipefail
cd "$(dirname "$0")/../.."
echo '1..3'
version=$(sed -n 's/^   "version": "\(.*\)",$/\1/p' META.json)
extensions=$("${PG_CONFIG:-pg_config}" --sharedir)/extension
work=$(mktemp -d)
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
clean_up() {
    rm -rf "$work"
    as_root rm -f "$extensions"/reseller_report--0.0.1*.sql
    for database in updated installed; do psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" 2>/dev/null; done
}
trap clean_up EXIT
export PGOPTIONS='-c client_min_messages=error'
run() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

# The older version: without health() and a comment, and with another body of move_company.
awk '/^CREATE FUNCTION reseller_report.health/ { skip = 1 } !skip { print } skip && /keeps it from removing them/ { skip = 0 }' \
    "$extensions/reseller_report--$version.sql" | sed "s/company_id must not be NULL/no company/" >"$work/old.sql"
{
    echo '\echo Use "ALTER EXTENSION reseller_report UPDATE" to load this file. \quit'
    awk '/^CREATE FUNCTION reseller_report.health/ { take = 1 } take { print } take && /keeps it from removing them/ { exit }' \
        "$extensions/reseller_report--$version.sql"
    echo 'REVOKE ALL ON FUNCTION reseller_report.health() FROM PUBLIC;'
} >"$work/update.sql"
as_root install -m 644 "$work/old.sql" "$extensions/reseller_report--0.0.1.sql"
as_root install -m 644 "$work/update.sql" "$extensions/reseller_report--0.0.1--$version.sql"

psql -X -q -d postgres -c 'CREATE DATABASE updated TEMPLATE template0' -c 'CREATE DATABASE installed TEMPLATE template0'
run installed 'CREATE EXTENSION reseller_report CASCADE'
run updated "CREATE EXTENSION reseller_report VERSION '0.0.1' CASCADE; CREATE EXTENSION pgtap;
    SELECT reseller_report.create_usage_tables()" >/dev/null
psql -X -q -d updated -o /dev/null -f tests/lib/oracle.sql -f tests/lib/random_usage.sql
run updated 'SELECT random_usage.companies(), random_usage.events(50); SELECT * FROM reseller_report.materialize(100)' >/dev/null
{
    echo 'SELECT random_usage.events(5) \g /dev/null'
    echo 'ALTER EXTENSION reseller_report UPDATE;'
    echo 'SELECT random_usage.events(5), random_usage.changes() \g /dev/null'
    echo "SELECT count(*) FROM oracle.compare(5, '2024-03-01', '100 days');"
    echo 'SELECT reseller_report.materialize() \g /dev/null'
    echo "SELECT count(*) FROM oracle.compare(5, '2024-03-01', '100 days');"
} >"$work/session.sql"
psql -X -q -A -t -v ON_ERROR_STOP=1 -d updated -f "$work/session.sql" >"$work/differences" 2>&1 || true
# report STATUS LABEL FILE: a test, and where it fails what FILE says.
number=0
report() {
    number=$((number + 1))
    [ "$1" -eq 0 ] && echo "ok $number - $2" && return
    echo "not ok $number - $2"
    sed 's/^/# /' "$3"
}
status=0
[ "$(tr '\n' ' ' <"$work/differences")" = '0 0 ' ] || status=1
report $status 'a session goes on over the update, and reports agree with the oracle' "$work/differences"
status=0
run updated "SELECT extversion FROM pg_extension WHERE extname = 'reseller_report'" >"$work/now"
[ "$(cat "$work/now")" = "$version" ] || status=1
report $status 'the version' "$work/now"
tests/update/objects updated >"$work/updated"
tests/update/objects installed >"$work/installed"
status=0
diff "$work/installed" "$work/updated" >"$work/diff" || status=1
report $status 'an updated database has the objects of an installed one' "$work/diff"
