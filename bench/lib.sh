# Shared by the benchmarks: the private cluster, medians and verdicts. Sourced.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cluster=${RESELLER_REPORT_BENCH_DIR:-/tmp/reseller_report_bench.$$}

start_cluster() {
    "$here/../tests/lib/private-cluster" start "$cluster" shared_buffers=1GB max_wal_size=4GB "$@"
    trap '"$here/../tests/lib/private-cluster" stop "$cluster"' EXIT
    eval "$("$here/../tests/lib/private-cluster" env "$cluster")"
}

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# A database with the extension, the usage tables and the generator.
make_database() {
    createdb "$1"
    export PGDATABASE=$1
    PGOPTIONS='-c client_min_messages=warning' sql -o /dev/null -c 'CREATE EXTENSION reseller_report CASCADE' \
        -c 'SELECT reseller_report.create_usage_tables()' -f "$here/generate.sql"
}

fold_all() {
    while [ "$(sql -c 'SELECT deltas FROM reseller_report.materialize(1000000)')" != 0 ]; do :; done
    sql -c 'VACUUM (ANALYZE)'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# verdict WHAT MEASURED OP BAR: prints a line and remembers a miss. bench/run gathers what was found.
missed=0
verdict() {
    local met=true word=met
    awk -v a="$2" -v op="$3" -v b="$4" 'BEGIN { exit !(op == "<=" ? a <= b : a >= b) }' || { met=false; word=MISSED; missed=1; }
    printf '%-7s %-78s %8.2f  (bar %s %s)\n' $word "$1" "$2" "$3" "$4"
    [ -z "${RESELLER_REPORT_BENCH_FOUND:-}" ] ||
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(basename "$0" .sh)" "$1" "$2" "$3" "$4" $met >>"$RESELLER_REPORT_BENCH_FOUND"
}

# ratios ROUNDS FILE...: runs the SQL files in turn in one session, ROUNDS times after a round that warms up, and prints for
# each file its median time in milliseconds and the median of its ratio to the first file of the same round.
ratios() {
    local rounds=$1 file
    shift
    {
        echo '\timing on'
        for ((i = 0; i <= rounds; i++)); do
            for file in "$@"; do cat "$file"; done
        done
    } >"$cluster/interleaved.sql"
    sql -o /dev/null -f "$cluster/interleaved.sql" | awk '/^Time:/ { print $2 }' >"$cluster/times"
    awk -v files=$# -v file=0 'NR > files { print (NR - 1) % files, $1 }' "$cluster/times" |
        awk '{ if ($1 == 0) first = $2; print $1, $2, $2 / first }' >"$cluster/rounds"
    for ((i = 0; i < $#; i++)); do
        echo "$(awk -v i=$i '$1 == i { print $2 }' "$cluster/rounds" | median)" \
            "$(awk -v i=$i '$1 == i { print $3 }' "$cluster/rounds" | median)"
    done
}
