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

# connect_messages FIRST LAST: so many more tables of messages, each with a message of company 3 in February 2024.
connect_messages() {
    local n
    for ((n = $1; n <= $2; n++)); do
        echo "CREATE TABLE public.messages_$n (company_id bigint, channel text NOT NULL, occurred_at timestamptz NOT NULL,
                delivered boolean, price_twin numeric(15, 6), price_reseller numeric(15, 6));
            CREATE INDEX ON public.messages_$n (company_id, occurred_at);
            CREATE INDEX ON public.messages_$n (occurred_at);
            SELECT reseller_report.attach_source('text_messaging', 'public.messages_$n');
            INSERT INTO public.messages_$n VALUES (3, 'sms', '2024-02-10 10:00+00', true, 1, 1);"
    done | PGOPTIONS='-c client_min_messages=warning' sql -o /dev/null
}

fold_all() {
    while [ "$(sql -c 'SELECT deltas FROM reseller_report.materialize(1000000)')" != 0 ]; do :; done
    sql -c 'VACUUM (ANALYZE)'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# median_time COUNT: the median time in milliseconds of the statement on standard input, in one session, COUNT times after three
# that warm up.
median_time() {
    local statement i
    statement=$(cat)
    { echo '\timing on'; for ((i = -3; i < $1; i++)); do printf '%s\n' "$statement"; done; } | sql -o /dev/null |
        awk '/^Time:/ && ++n > 3 { print $2 }' | median
}

# hold_snapshot: holds a transaction open in a session of its own, so that vacuum may take nothing of what is deleted from now on.
# release_snapshot ends it.
hold_snapshot() {
    mkfifo "$cluster/held"
    sql -o /dev/null <"$cluster/held" &
    holder=$!
    exec 3>"$cluster/held"
    echo 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM reseller_report.company;' >&3
    until [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")" = 1 ]; do :; done
}
release_snapshot() {
    echo 'COMMIT;' >&3
    exec 3>&-
    wait "$holder"
    rm "$cluster/held"
}

# start_service OPTION...: the service, until the script ends.
start_service() {
    "${MATERIALIZER:-$here/../build/materializer/reseller-materializer}" run "$@" 2>"$cluster/service.log" &
    service=$!
    trap 'kill $service 2>/dev/null || true; "$here/../tests/lib/private-cluster" stop "$cluster"' EXIT
}

# write_events SCHEMA FIRST COUNT RATE EACH SECONDS: writes text messages of now of COUNT companies from FIRST on, EACH to a
# transaction and RATE transactions a second. Prints how many messages a second there were.
write_events() {
    cat >"$cluster/write_$1.pgbench" <<SQL
INSERT INTO $1.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    SELECT $2 + floor(random() * $3)::bigint, 'sms', now(), 0.0123, 0.0456 FROM generate_series(1, $5);
SQL
    pgbench -n -M prepared -c 2 -j 1 -R "$4" -T "$6" -f "$cluster/write_$1.pgbench" 2>/dev/null |
        awk -v each="$5" '/^tps/ { print int($3 * each + 0.5) }'
}

# peak_of_session: lines of psql that print the most kB that the session's backend has held, without the shared buffers that it has
# touched.
peak_of_session=$(cat <<'SQL'
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
\! awk '/^VmHWM/ { most = $2 } /^RssShmem/ { print most - $2 }' /proc/$PID/status
SQL
)

# measured WHAT VALUE: prints a figure that has no bar of its own, for bench/compare.
measured() {
    printf '        %-78s %8.2f\n' "$1" "$2"
    found "$1" "$2" - null true
}

# found WHAT MEASURED OP BAR MET: a line for bench/run.
found() {
    [ -z "${RESELLER_REPORT_BENCH_FOUND:-}" ] ||
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(basename "$0" .sh)" "$@" >>"$RESELLER_REPORT_BENCH_FOUND"
}

# verdict WHAT MEASURED OP BAR: prints a line and remembers a miss. bench/run gathers what was found.
missed=0
verdict() {
    local met=true word=met
    awk -v a="$2" -v op="$3" -v b="$4" 'BEGIN { exit !(op == "<=" ? a <= b : a >= b) }' || { met=false; word=MISSED; missed=1; }
    printf '%-7s %-78s %8.2f  (bar %s %s)\n' $word "$1" "$2" "$3" "$4"
    found "$1" "$2" "$3" "$4" $met
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
