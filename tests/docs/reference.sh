#!/usr/bin/env bash
# docs/reference.md has a section for every public function, procedure and view, with the arguments, types, defaults and columns
# that the catalogs have, and no other arguments; and docs/internals.md tells of every table.
set -euo pipefail
cd "$(dirname "$0")/../.."
trap 'psql -X -q -d postgres -c "DROP DATABASE IF EXISTS reference" 2>/dev/null' EXIT
export PGOPTIONS='-c client_min_messages=error'
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS reference' -c 'CREATE DATABASE reference TEMPLATE reseller_report_test'
psql -X -q -A -t -v ON_ERROR_STOP=1 -v page="$(<docs/reference.md)" -v internals="$(<docs/internals.md)" -d reference \
    -f tests/docs/reference.sql
