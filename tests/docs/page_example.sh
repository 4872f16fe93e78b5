#!/usr/bin/env bash
# The JSON that docs/applications.md shows is what the call before it returns.
set -euo pipefail
cd "$(dirname "$0")/../.."
trap 'psql -X -q -d postgres -c "DROP DATABASE IF EXISTS page_example" -c "DROP ROLE IF EXISTS web" 2>/dev/null' EXIT
export PGOPTIONS='-c client_min_messages=error'
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS page_example' -c 'CREATE DATABASE page_example'
run() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d page_example "$@"; }
echo '1..1'
run -c 'CREATE EXTENSION reseller_report CASCADE'
said=$(awk '/^```json$/ { exit } /^```/ { inside = $0 == "```sql"; next } inside' docs/applications.md | run | tail -n 1)
shown=$(awk '/^```/ { if (inside) exit; inside = $0 == "```json"; next } inside' docs/applications.md)
# Without the white space between members, which is not in the strings of the example but between words.
squeezed=$(printf '%s' "$shown" | sed 's/^ *//; s/": /":/g; s/, \(["0-9n{]\)/,\1/g' | tr -d '\n')
if [ "$said" = "$squeezed" ]; then
    echo 'ok - the page that is shown is the page that is returned'
else
    printf 'not ok - the page that is shown is the page that is returned\n# shown:    %s\n# returned: %s\n' "$squeezed" "$said"
fi
