#!/usr/bin/env bash
# One version: META.json's, in the installed extension and at the head of CHANGELOG.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
echo '1..3'
version=$(sed -n 's/^   "version": "\(.*\)",$/\1/p' META.json)
check() { [ "$1" = "$version" ] && echo "ok $3 - $2" || echo "not ok $3 - $2: $1, not $version"; }
check "$(sed -n 's/^        "version": "\(.*\)"$/\1/p' META.json)" 'the version that META.json provides' 1
installed=$(psql -X -A -t -d postgres -c "SELECT default_version FROM pg_available_extensions WHERE name = 'reseller_report'")
check "$installed" 'the installed version' 2
check "$(sed -n 's/^## \([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)" 'the head of CHANGELOG.md' 3
