#!/usr/bin/env bash
# The reader of packed changes that docs/internals.md shows, in Python, reads what the extension packs, as _unpacked does.
set -euo pipefail
cd "$(dirname "$0")/../.."
cluster=$(mktemp -d /tmp/reseller_report_packed.XXXXXX)
trap 'tests/lib/private-cluster stop "$cluster"' EXIT
export PGOPTIONS='-c client_min_messages=error'
tests/lib/private-cluster start "$cluster" fsync=off
eval "$(tests/lib/private-cluster env "$cluster")"
tests/lib/prepare-template
export PGDATABASE=reseller_report_test
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

sql -o /dev/null -c 'ALTER DATABASE reseller_report_test SET reseller_report.largest_packed_day = 1000'
sql -o /dev/null -c 'SELECT setseed(0.3), random_usage.companies(), random_usage.events(300)' \
    -c 'SELECT reseller_report.materialize()' -c 'SELECT random_usage.events(50)' -c 'SELECT reseller_report.fold(100)' \
    -c "INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '1969-07-20 20:17+00', -7.5)"
sql -c "
    CREATE VIEW packed AS
        SELECT 0 AS n, packed, timestamptz '2000-01-01 00:00+00' AS base FROM reseller_report.usage_delta
        UNION ALL SELECT 1, packed, day FROM reseller_report.usage_run
        UNION ALL SELECT 2, packed, day FROM reseller_report.usage_packed"
sql -F ' ' -c "SELECT encode(packed, 'hex'), extract(epoch FROM base)::bigint FROM packed" >"$cluster/packed"
sql -F ' ' -c "
    SELECT i.name, extract(epoch FROM u.bucket)::bigint, u.company_id, u.events, u.delivered, u.seconds, u.price_twin,
        u.price_reseller
    FROM packed p, reseller_report._unpacked(p.packed, p.base) u
    JOIN (VALUES (1, 'sms'), (2, 'viber'), (3, 'whatsapp'), (4, 'email'), (5, 'push'), (11, 'operator'), (12, 'bot'), (13, 'user'),
        (14, 'operator_alice'), (15, 'bot_alice'), (16, 'user_alice'), (21, 'outgoing_call'), (31, 'incoming_call'),
        (41, 'billable'), (42, 'free')) AS i (item, name) USING (item)" | LC_ALL=C sort >"$cluster/expected"
{
    sed -n '/^```python$/,/^```$/p' docs/internals.md | sed '1d;$d'
    echo 'import sys'
    echo 'for line in sys.stdin:'
    echo '    packed, base = line.split()'
    echo '    for change in unpack(bytes.fromhex(packed), int(base)):'
    echo '        print(*change)'
} >"$cluster/reader.py"
python3 "$cluster/reader.py" <"$cluster/packed" | LC_ALL=C sort >"$cluster/read"

tables=$(sql -c 'SELECT count(DISTINCT n) FROM packed')
if [ "$tables" = 3 ] && [ "$(wc -l <"$cluster/read")" -gt 500 ] && cmp -s "$cluster/expected" "$cluster/read"; then
    echo -n 'ok'
else
    echo -n 'not ok'
fi
echo ' 1 - the Python of docs/internals.md reads deltas, runs and packed days'
echo '1..1'
