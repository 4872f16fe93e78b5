#!/usr/bin/env bash
# Every SQL command of README and docs runs, in order, in a fresh database each, and prints what the blocks of text say; README's opening
# example, run last, prints what it says; README's make targets exist.
set -euo pipefail
cd "$(dirname "$0")/../.."
files=(README.md docs/*.md)
echo "1..$((${#files[@]} + 2))"
work=$(mktemp -d)
trap 'rm -rf "$work"; psql -X -q -d postgres -c "DROP DATABASE IF EXISTS documentation" -c "DROP ROLE IF EXISTS web, app_owner" 2>/dev/null' EXIT

number=0
report() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        sed 's/^/# /' "$work/log"
    fi
}
# blocks LANGUAGE FILE FIRST LAST: the fenced blocks of a language, from the FIRST to the LAST.
blocks() {
    awk -v fence="\`\`\`$1" -v first="$3" -v last="$4" '
        $0 == fence { inside = 1; n++; next } /^```/ { inside = 0 } inside && n >= first && n <= last' "$2"
}
run() { PGOPTIONS='-c client_min_messages=warning' psql -X -q -A -t -v ON_ERROR_STOP=1 -d documentation >"$work/log" 2>&1; }

for file in "${files[@]}"; do
    psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS documentation' -c 'DROP ROLE IF EXISTS web, app_owner' -c 'CREATE DATABASE documentation' 2>/dev/null
    status=0
    if [ "$file" = README.md ]; then
        blocks sql "$file" 2 99 | run || status=1
        report $status "$file"
        status=0
        blocks sql "$file" 1 1 | run && grep -qx '101|Aurora Bank|1|0.041200|0.041200|0.053560' "$work/log" || status=1
        report $status "README's opening example prints what it says"
    else
        { echo 'SET client_min_messages = warning; CREATE EXTENSION reseller_report CASCADE; RESET client_min_messages;'; blocks sql "$file" 1 99; } |
            psql -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=default -d documentation >"$work/log" 2>&1 || status=1
        # Said in the text but not printed.
        sed 's/^psql:[^ ]* //; s/ *$//' "$work/log" >"$work/printed"
        blocks text "$file" 1 99 | sed 's/ *$//' | while IFS= read -r line; do
            grep -qxF -- "$line" "$work/printed" || echo "not printed: $line"
        done >"$work/missing"
        cat "$work/missing" >>"$work/log"
        [ ! -s "$work/missing" ] || status=1
        report $status "$file"
    fi
done

status=0
for target in $(blocks sh README.md 1 99 | sed 's/#.*//; s/sudo //' | awk '$1 == "make" { print $2 == "" ? "all" : $2 }') demo check bench; do
    make -n "$target" >"$work/log" 2>&1 || status=1
done
report $status "README's make targets are there"
