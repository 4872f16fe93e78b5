#!/usr/bin/env bash
# Every SQL command of README and docs runs, in order, in a fresh database each, and prints what the blocks of text say; README's
# opening example, run last, prints what it says. The make targets that pages name exist, with the options that they name. The
# service understands the command lines that pages show, and its options are those of docs/operations.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
files=(README.md docs/*.md)
echo "1..$((${#files[@]} + 4))"
work=$(mktemp -d)
program=${MATERIALIZER:-build/materializer/reseller-materializer}
clean() {
    psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS documentation' -c 'DROP ROLE IF EXISTS web, app_owner' 2>/dev/null
}
trap 'rm -rf "$work"; clean' EXIT

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
# none WHAT: nothing in the log.
none() { if [ -s "$work/log" ]; then report 1 "$1"; else report 0 "$1"; fi; }
# blocks LANGUAGE FILE FIRST LAST: the fenced blocks of a language, from the FIRST to the LAST.
blocks() {
    awk -v fence="\`\`\`$1" -v first="$3" -v last="$4" '
        $0 == fence { inside = 1; n++; next } /^```/ { inside = 0 } inside && n >= first && n <= last' "$2"
}
run() { PGOPTIONS='-c client_min_messages=warning' psql -X -q -A -t -v ON_ERROR_STOP=1 -d documentation >"$work/log" 2>&1; }

for file in "${files[@]}"; do
    clean
    psql -X -q -d postgres -c 'CREATE DATABASE documentation'
    status=0
    if [ "$file" = README.md ]; then
        blocks sql "$file" 2 99 | run || status=1
        report $status "$file"
        status=0
        blocks sql "$file" 1 1 | run && grep -qx '101|Aurora Bank|1|0.041200|0.041200|0.053560' "$work/log" || status=1
        report $status "README's opening example prints what it says"
    else
        {
            echo 'SET client_min_messages = warning; CREATE EXTENSION reseller_report CASCADE; RESET client_min_messages;'
            blocks sql "$file" 1 99
        } | psql -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=default -d documentation >"$work/log" 2>&1 || status=1
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

# In blocks of commands, and in the text: `make demo KEEP=1`.
pages=("${files[@]}" CONTRIBUTING.md examples/reseller_page/README.md)
{
    for page in "${pages[@]}"; do blocks sh "$page" 1 99; done | sed 's/#.*//; s/^sudo //' | { grep -E '^make( |$)' || true; }
    { grep -ohE '`make [a-z][^`]*`' "${pages[@]}" || true; } | tr -d '`'
} | sort -u | while read -r _ target options; do
    make -n ${target:-all} >/dev/null 2>&1 || echo "no make target $target"
    for option in $options; do
        name=${option%%=*}
        [ "$name" = "$option" ] || grep -qw "$name" Makefile examples/demo examples/reseller_page/server.mjs ||
            echo "make $target has no option $name"
    done
done >"$work/log"
none 'the make targets that pages name are there'

# No server is there to be reached: what is understood fails (1) or waits for it, what is not is wrong usage (2).
for page in "${pages[@]}"; do blocks sh "$page" 1 99; done | sed -n '/^reseller-materializer /p' | while IFS= read -r line; do
    eval "set -- ${line%% #*}"
    status=0
    PGHOST=/nowhere PGCONNECT_TIMEOUT=1 timeout 2 "$program" "${@:2}" >/dev/null 2>"$work/said" </dev/null || status=$?
    [ "$status" -ne 2 ] || { echo "$line" && cat "$work/said"; }
done >"$work/log"
none 'the service understands the command lines that pages show'

"$program" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | grep -vxE -- '--help|--version' | sort >"$work/options"
sed -n '/^### Options/,/^### /p' docs/operations.md | grep '^| `--' | cut -d '|' -f 2 | grep -o -- '--[a-z-]*' | sort >"$work/told"
diff "$work/options" "$work/told" >"$work/log" || true
none 'docs/operations.md tells of the options that the service has'
