#!/usr/bin/env bash
# The pages of the documentation: links lead to files and headings that are there, files and folders that are named are there,
# docs/internals.md knows every folder of the sources and names controls that there are, and docs/reference.md knows every SQLSTATE
# that is raised.
set -euo pipefail
cd "$(dirname "$0")/../.."
pages=(README.md CONTRIBUTING.md CHANGELOG.md docs/*.md examples/reseller_page/README.md)
echo '1..5'
# none WHAT: nothing on standard input, which is printed else.
none() {
    local found
    found=$(cat)
    if [ -z "$found" ]; then echo "ok - $1"; else printf 'not ok - %s\n' "$1" && sed 's/^/# /' <<<"$found"; fi
}
# prose FILE: its lines but those of blocks of code.
prose() { awk '/^ *```/ { code = !code; next } !code' "$1"; }
# anchors FILE: the headings as links name them.
anchors() { prose "$1" | sed -n 's/^##* //p' | tr '[:upper:]' '[:lower:]' | sed "s/[^a-z0-9 _-]//g; s/ /-/g"; }

for page in "${pages[@]}"; do
    prose "$page" | { grep -o '](\([^)]*\))' || true; } | sed 's/^](//; s/)$//; /^https*:/d' | sort -u | while IFS= read -r link; do
        file=$(dirname "$page")/${link%%#*}
        [ "${link%%#*}" != '' ] || file=$page
        [ -e "$file" ] || { echo "$page: $link" && continue; }
        [[ "$link" != *'#'* ]] || anchors "$file" | grep -qxF -- "${link#*#}" || echo "$page: $link"
    done
done | none 'links lead somewhere'

for page in "${pages[@]}"; do
    prose "$page" | { grep -oE '(^|[ `(])(tests|extension|materializer|sql|bench|examples|docs)/[A-Za-z0-9_./-]*' || true; } |
        sed 's/^[ `(]//; s/[.]$//; /OLD--NEW/d' | sort -u | while IFS= read -r path; do [ -e "$path" ] || echo "$page: $path"; done
done | none 'files and folders that are named are there'

for folder in extension/*/ materializer/*/; do
    grep -qF "| \`$(basename "$folder")\` |" docs/internals.md || echo "$folder"
done | none 'docs/internals.md knows every folder of the sources'

awk '/^$/ { controls = 0 } /^Controls:/ { controls = 1 } controls' docs/internals.md | grep -o '`[^`]*`' | tr -d '`' |
    while IFS= read -r control; do grep -qE "(control|control_sql) $control " tests/controls/run || echo "$control"; done |
    none 'the controls that docs/internals.md names are there'

# 53200 is memory that runs out, wherever it does.
grep -rohE --include='*.[ch]pp' --include='*.sql' "[\"'][0-9][0-9A-Z]{4}[\"']" extension sql | tr -d "\"'" | grep -vx 53200 |
    sort -u | while IFS= read -r state; do grep -qw "$state" docs/reference.md || echo "$state"; done |
    none 'docs/reference.md knows every SQLSTATE that is raised'
