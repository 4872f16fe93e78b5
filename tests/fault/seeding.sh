#!/usr/bin/env bash
# Seeding: a table in use is connected, and built slice by slice while four writers go on; the server is killed (kill -9) in the
# middle and started again; the rebuild goes on with what is missing. Then verify finds nothing, and reports equal GROUP BY over the
# raw rows. ROWS=10000000 for the long run; prints its figures as TAP comments.
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${ROWS:-1000000}
days=60
echo '1..8'
cluster=$(mktemp -d /tmp/reseller_report_seeding.XXXXXX)
trap 'touch "$cluster/stop"; kill $(jobs -p) 2>/dev/null || true; tests/lib/private-cluster stop "$cluster"' EXIT
tests/lib/private-cluster start "$cluster" fsync=off shared_buffers=512MB max_wal_size=4GB autovacuum_naptime=5s
eval "$(tests/lib/private-cluster env "$cluster")"
chmod 755 "$cluster"
export PGOPTIONS='-c client_min_messages=error'
run() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }
number=0
report() {
    number=$((number + 1))
    [ "$1" -eq 0 ] && echo "ok $number - $2" || echo "not ok $number - $2"
}
now() { date +%s%3N; }
# until SECONDS CONDITION...: waits until a command succeeds.
until_true() {
    local deadline=$(($(now) + $1 * 1000))
    shift
    until "$@" >/dev/null 2>&1; do [ "$(now)" -lt "$deadline" ] || return 1; done
}

run "CREATE EXTENSION reseller_report CASCADE;
    INSERT INTO reseller_report.company (company_id, name, is_reseller) SELECT n, 'Company ' || n, n <= 3
        FROM generate_series(1, 1000) n;
    INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 1 + n % 3, n FROM generate_series(4, 900) n;
    CREATE TABLE message (id bigserial PRIMARY KEY, company integer, kind text, sent_at timestamptz, status text,
        cost numeric(12,6), fee numeric(12,6));
    INSERT INTO message (company, kind, sent_at, status, cost, fee)
        SELECT 4 + (random() * 996)::int, (ARRAY['sms', 'viber', 'whatsapp', 'email', 'push'])[1 + floor(random() * 5)],
            '2024-01-01 00:00+00'::timestamptz + n * interval '$days days' / $rows,
            CASE WHEN random() < 0.8 THEN 'delivered' ELSE 'sent' END,
            (random() * 100)::numeric(12,6), (random() * 100)::numeric(12,6)
        FROM generate_series(1, $rows) n;
    CREATE INDEX ON message (company, sent_at); CREATE INDEX ON message (sent_at); ANALYZE message"
cat >"$cluster/writer.sql" <<SQL
\set id random(1, $rows)
\set company random(4, 1000)
\set second random(0, $((days * 86400)))
INSERT INTO message (company, kind, sent_at, status, cost, fee)
    VALUES (:company, 'sms', '2024-01-01 00:00+00'::timestamptz + :second * interval '1 second', 'sent', 0.05, 0.07);
UPDATE message SET status = 'delivered' WHERE id = :id;
SQL
write() {
    while [ ! -e "$cluster/stop" ]; do
        pgbench -n -c 4 -j 1 -T 3600 -R ${RATE:-400} -f "$cluster/writer.sql" >/dev/null 2>&1 || true
    done
}
write 2>/dev/null &
until_true 30 eval '[ "$(run "SELECT count(*) > 4 FROM pg_stat_activity WHERE application_name = '"'pgbench'"'")" = t ]' || true

began=$(now)
run "SELECT reseller_report.attach_source('text_messaging', 'message',
    '{\"company_id\": \"company\", \"channel\": \"kind\", \"occurred_at\": \"sent_at\", \"delivered\": \"status\",
    \"delivered_values\": [\"delivered\"], \"price_twin\": \"cost\", \"price_reseller\": \"fee\"}')" >/dev/null
echo "# connected in $(($(now) - began)) ms, under four writers"

# Both sides in one statement, hence in one snapshot.
truth="WITH report AS MATERIALIZED (
        SELECT r.company_id, t.id, sent_viber, delivered_sms, total_price_to_twin, total_price_to_reseller
        FROM (VALUES (1), (2), (3)) r (company_id), LATERAL reseller_report.text_messaging(r.company_id, f, t) t),
    truth AS MATERIALIZED (SELECT d.reseller_id, d.company_id, count(m.id) FILTER (WHERE kind = 'viber'),
            count(m.id) FILTER (WHERE kind = 'sms' AND status = 'delivered'), coalesce(sum(cost), 0), coalesce(sum(fee), 0)
        FROM reseller_report.dependency d LEFT JOIN message m ON m.company = d.company_id AND sent_at >= f AND sent_at < t
        GROUP BY 1, 2)
    SELECT count(*) FROM (SELECT * FROM (TABLE report EXCEPT ALL TABLE truth) a
        UNION ALL SELECT * FROM (TABLE truth EXCEPT ALL TABLE report) b) x"
agrees() {
    local sql=${truth//sent_at >= f AND sent_at < t/sent_at >= $1 AND sent_at < $2}
    [ "$(run "${sql/, f, t)/, $1, $2)}")" = 0 ]
}
status=0
agrees "'2024-01-10 10:17+00'" "'2024-01-12 23:59:59+00'" || status=1
report $status 'exact at once, with nothing built'

rebuild() { PGOPTIONS= psql -X -q -c "CALL reseller_report.rebuild('message')" >"$cluster/$1.log" 2>&1; }
slices() { grep -c '^NOTICE:  rebuilt' "$cluster/$1.log" || true; }
rebuild first &
total() { sed -n 's/.*(1 of \([0-9]*\)).*/\1/p' "$cluster/$1.log"; }
until_true 600 eval '[ "$(slices first)" -gt 0 ] && [ $(($(slices first) * 5)) -ge $(($(total first) * 2)) ]'
status=0
rebuilds() { run "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rebuild % of %: message'"; }
until_true 10 eval '[ "$(rebuilds)" = 1 ]' || status=1
report $status 'pg_stat_activity shows what runs'
status=0
agrees "'2024-01-10 10:17+00'" "'2024-02-12 23:59:59+00'" || status=1
report $status 'exact while it is built'

postmaster=$(head -n 1 "$cluster/data/postmaster.pid")
pkill -KILL -P "$postmaster"
kill -KILL "$postmaster" 2>/dev/null || true
until_true 10 eval '! pgrep -P "$postmaster"'
server() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
cd "$cluster"
until_true 60 server pg_ctl -D "$cluster/data" -l "$cluster/server.log" -w start
cd - >/dev/null
echo "# killed after $(slices first) slices"
status=0
agrees "'2024-01-10 10:17+00'" "'2024-02-12 23:59:59+00'" || status=1
report $status 'exact after the crash'

began=$(now)
rebuild second &
peak=0
while kill -0 $! 2>/dev/null; do
    pid=$(run "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'rebuild % of %: message' LIMIT 1")
    used=$(awk '/RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true)
    [ "${used:-0}" -le "$peak" ] || peak=$used
done
echo "# then rebuilt in $(($(now) - began)) ms, $(slices second) slices; its backend took at most $((peak / 1024)) MB of its own"
status=0
grep -q "($(total second) of $(total second))" "$cluster/second.log" || status=1
first=$(sed -n 's/^NOTICE:  rebuilt message from \(.*\) to .*(1 of .*/\1/p' "$cluster/second.log")
grep -q "from $first to" "$cluster/first.log" && status=1
[ $status -eq 0 ] || sed 's/^/# /' "$cluster/first.log" "$cluster/second.log"
report $status "it goes on with what is missing, then does the rest again"

[ "$(run "SELECT is_built FROM reseller_report.sources()")" = t ] && report 0 'built for all time' || report 1 'built for all time'
status=0
agrees "'2024-01-10 10:17+00'" "'2024-02-12 23:59:59+00'" || status=1
report $status 'exact under writers, built'
touch "$cluster/stop"
pkill -f "$cluster/writer.sql" || true
until_true 30 eval '[ "$(run "SELECT count(*) FROM pg_stat_activity WHERE application_name = '"'pgbench'"'")" = 0 ]'
folded=$(run "SELECT deltas FROM reseller_report.materialize(10000000)")
differences=$(run "SELECT count(*) FROM reseller_report.verify('-infinity', 'infinity')")
status=0
[ "$differences" = 0 ] && agrees "'-infinity'" "'infinity'" && agrees "'2024-01-01 00:00+03'" "'2024-02-01 00:00+03'" || status=1
rows=$(run 'SELECT count(*) FROM message')
report $status "folded $folded changes more: verify finds $differences differences, and GROUP BY agrees, of $rows rows"
