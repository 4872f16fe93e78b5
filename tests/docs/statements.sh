#!/usr/bin/env bash
# What an auditor does by docs/statements.md, without the extension's functions: the page's script finds all hashes well after the
# page's own commands, and finds a line that was tampered with.
set -euo pipefail
cd "$(dirname "$0")/../.."
echo '1..4'
work=$(mktemp -d)
clean() { psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS audited' -c 'DROP ROLE IF EXISTS billing' 2>/dev/null; }
trap 'rm -rf "$work"; clean' EXIT
export PGOPTIONS='-c client_min_messages=error'
number=0
report() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2" && sed 's/^/# /' "$work/log"; fi
}
blocks() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' docs/statements.md; }
run() { psql -X -q -A -t -d audited "$@"; }

clean
psql -X -q -d postgres -c 'CREATE DATABASE audited TEMPLATE template0'
run -c 'CREATE EXTENSION reseller_report CASCADE'
blocks sql | run >"$work/log" 2>&1
blocks sh | grep -v '^reseller-materializer ' >"$work/audit"
status=0
PGDATABASE=audited bash -euo pipefail "$work/audit" >"$work/log" 2>&1 || status=1
[ "$(grep -c ' well$' "$work/log")" -eq 4 ] && ! grep -q WRONG "$work/log" || status=1
report $status 'all hashes are as computed by hand'
status=0
grep -q ' withdrawal of 1: ' "$work/log" || status=1
report $status 'the withdrawal is an entry of the chain'

run -v ON_ERROR_STOP=1 -c 'ALTER EVENT TRIGGER reseller_report_guard_end DISABLE' \
    -c 'ALTER TABLE reseller_report.statement_line DISABLE TRIGGER refuse_change' \
    -c 'UPDATE reseller_report.statement_line SET price_to_twin = 0.5 WHERE statement_id = 1 AND line = 2'
status=0
PGDATABASE=audited bash -euo pipefail "$work/audit" >"$work/log" 2>&1 || status=1
grep -q ' issue of 1: .* WRONG$' "$work/log" || status=1
report $status 'a line that was tampered with is found by hand'
status=0
run -c 'SELECT * FROM reseller_report.verify_statements()' >"$work/log"
grep -qx '1|1|its hash does not match its head, its lines and the hash before' "$work/log" || status=1
report $status 'and by verify_statements'
