#!/usr/bin/env bash
# A database restored from a dump answers as the one that was dumped, with what was pending, un-built and pruned there, and goes on
# from it.
set -euo pipefail
cd "$(dirname "$0")/../.."
echo '1..10'
work=$(mktemp -d)
trap 'rm -rf "$work"; drop dumped; drop restored; psql -X -q -d postgres -c "DROP ROLE IF EXISTS restore_web" 2>/dev/null' EXIT
export PGOPTIONS='-c client_min_messages=error'
drop() { psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $1" 2>/dev/null; }
fresh() { drop "$1" && psql -X -q -d postgres -c "CREATE DATABASE $1 TEMPLATE template0"; }
run() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

number=0
report() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        head -n 20 "$work/log" | sed 's/^/# /'
    fi
}

# What the reports say of many periods, and the state of everything that is not raw usage.
fingerprint() {
    run "$1" "
        SELECT r.company_id, f, t, row_to_json(x) FROM reseller_report.company r,
            (VALUES ('-infinity'::timestamptz, 'infinity'::timestamptz), ('2024-02-01 00:00+00', '2024-03-01 00:00+00'),
                ('2024-02-10 10:17+00', '2024-03-20 23:59:59+00')) p (f, t),
            LATERAL (SELECT 'text' AS service, id, name, total_price_to_twin, total_price_to_reseller,
                    delivered_sms + sent_viber + sent_email AS events FROM reseller_report.text_messaging(r.company_id, f, t)
                UNION ALL SELECT 'chat', id, name, total_price_to_twin, total_price_to_reseller,
                    operator_messages + bot_messages_alice FROM reseller_report.chat(r.company_id, f, t)
                UNION ALL SELECT 'out', id, name, total_price_to_twin, total_price_to_reseller,
                    total_duration_seconds FROM reseller_report.telephony_outgoing(r.company_id, f, t)
                UNION ALL SELECT 'in', id, name, total_price_to_twin, total_price_to_reseller,
                    calls FROM reseller_report.telephony_incoming(r.company_id, f, t)
                UNION ALL SELECT 'bot', id, name, total_price_to_twin, total_price_to_reseller,
                    billable_messages FROM reseller_report.bot(r.company_id, f, t)) x
            WHERE r.is_reseller ORDER BY 1, 2, 3, x.service, x.id;
        SELECT pending_deltas, unbuilt_sources FROM reseller_report.materializer_state;
        SELECT source, service, is_built, unbuilt_reasons, horizon FROM reseller_report.sources();
        SELECT * FROM reseller_report.access; SELECT * FROM reseller_report.dependency ORDER BY company_id, during;
        SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE tgname LIKE 'reseller_report%' ORDER BY 1, 2;
        SELECT * FROM reseller_report.statements ORDER BY id; SELECT * FROM reseller_report.statement_lines;
        SELECT o.* FROM generate_series(1, 3) r, reseller_report.open_corrections(r) o;
        SELECT tgrelid::regclass::text, tgenabled FROM pg_trigger WHERE tgname = 'refuse_change' ORDER BY 1;
        SELECT * FROM reseller_report.verify_statements();
        SELECT * FROM reseller_report.verify('-infinity', 'infinity')"
}

# The restored database answers alike, and goes on: written, folded, rebuilt, verified.
check() {
    local status=0
    {
        fingerprint restored >"$work/after" && diff "$work/before" "$work/after" &&
            run restored "SELECT random_usage.events(20), random_usage.changes();
                SELECT * FROM reseller_report.materialize(50);
                SELECT random_usage.changes();
                SELECT reseller_report.rebuild_slice(source, '-infinity', 'infinity') FROM reseller_report.sources();
                SELECT * FROM reseller_report.materialize()" >/dev/null &&
            run restored "SELECT reseller_report.issue_statement(r, '2024-03-10 00:00+00', '2024-03-20 00:00+00')
                FROM generate_series(1, 3) r" >/dev/null &&
            run restored "SELECT * FROM reseller_report.verify('-infinity', 'infinity');
                SELECT * FROM reseller_report.verify_statements();
                SELECT o.* FROM generate_series(1, 3) r, reseller_report.open_corrections(r) o" >"$work/differences" &&
            cat "$work/differences" && [ ! -s "$work/differences" ]
    } >>"$work/log" 2>&1 || status=1
    report $status "$1"
}

drop dumped
psql -X -q -d postgres -c 'CREATE DATABASE dumped TEMPLATE reseller_report_test' \
    -c 'DROP ROLE IF EXISTS restore_web' -c 'CREATE ROLE restore_web'
run dumped "
    SELECT setseed(0.2);
    SELECT random_usage.companies(), random_usage.events(200);
    CREATE SCHEMA aaa;
    CREATE TABLE aaa.talk (firm integer, at timestamptz, kind integer, price numeric(12,6));
    INSERT INTO aaa.talk SELECT 11 + n % 30, '2024-03-01 00:00+00'::timestamptz + n * interval '7 minutes', n % 3, n
        FROM generate_series(1, 500) n;
    SELECT reseller_report.attach_source('bot', 'aaa.talk', '{\"company_id\": \"firm\", \"occurred_at\": \"at\",
        \"billable\": {\"column\": \"kind\", \"values\": {\"0\": true, \"1\": false, \"2\": null}},
        \"price_twin\": \"price\", \"price_reseller\": {\"value\": 1}}');
    SELECT reseller_report.attach_source('chat', 'aaa.talk', '{\"company_id\": \"firm\", \"occurred_at\": \"at\",
        \"sender\": {\"column\": \"kind\", \"values\": {\"0\": \"operator\", \"1\": null, \"2\": \"bot\"}},
        \"via_alice\": {\"value\": false}, \"price_twin\": \"price\", \"price_reseller\": {\"value\": 2}}');
    SELECT reseller_report.grant_access('restore_web', 1)" >"$work/log" 2>&1
run dumped "SELECT reseller_report.rebuild_slice('aaa.talk', '2024-03-01 00:00+00', '2024-03-02 00:00+00')" >"$work/log" 2>&1
run dumped "SELECT * FROM reseller_report.materialize(300); SELECT * FROM reseller_report.create_partitions('1 month');
    SELECT reseller_report.issue_statement(r, m::timestamptz, m::timestamptz + interval '14 days')
        FROM generate_series(1, 3) r, unnest(ARRAY['2024-02-01 00:00+00', '2024-02-15 00:00+00']) m;
    SELECT reseller_report.withdraw_statement(2, 'a test');
    SELECT random_usage.changes(); TRUNCATE usage.phone_call_2024_03" >"$work/log" 2>&1
run dumped "SELECT reseller_report.materialize(100); INSERT INTO aaa.talk VALUES (12, '2024-03-01', 0, 5), (12, '2024-04-01', 0, 5);
    SELECT reseller_report.prune('usage.bot_message', '2024-02-01 00:00+00');
    SELECT random_usage.companies_moved()" >"$work/log" 2>&1
fingerprint dumped >"$work/before"
[ -z "$(run dumped "SELECT * FROM reseller_report.verify('-infinity', 'infinity')")" ] ||
    echo 'Bail out! the database to dump is not well'
pg_dump -d dumped -f "$work/plain.sql"
pg_dump -d dumped -Fc -f "$work/custom"
pg_dump -d dumped -Fd -j 4 -f "$work/directory"
pg_dump -d dumped --clean --if-exists -f "$work/clean.sql"
pg_dump -d dumped --schema-only -f "$work/schema.sql"
pg_dump -d dumped --data-only -f "$work/data.sql" 2>/dev/null
load() { psql -X -q -v ON_ERROR_STOP=1 -d restored -f "$1" >"$work/log" 2>&1; }

fresh restored && load "$work/plain.sql" || true
check 'plain'
fresh restored && pg_restore -d restored -e "$work/custom" >"$work/log" 2>&1 || true
check 'custom'
fresh restored && pg_restore -d restored -e -j 4 "$work/custom" >"$work/log" 2>&1 || true
check 'custom, by four workers'
fresh restored && pg_restore -d restored -e -j 4 "$work/directory" >"$work/log" 2>&1 || true
check 'directory, by four workers'
# Without a stop at errors: pg_dump itself drops indexes of partitions by name, which the server refuses until their table goes.
psql -X -q -d restored -f "$work/clean.sql" >"$work/log" 2>&1 || true
check 'over a database that is there, with --clean'
fresh restored && load "$work/schema.sql" && run restored 'SELECT reseller_report.pre_restore()' >/dev/null &&
    load "$work/data.sql" && run restored 'SELECT reseller_report.post_restore()' >/dev/null || true
check 'schema and data apart, with pre_restore and post_restore'

refused='data is being restored into tables that are captured already'
status=0
fresh restored && load "$work/schema.sql" && ! load "$work/data.sql" && grep -q "$refused" "$work/log" || status=1
report $status 'schema and data apart without them is refused, not counted twice'
# Workers load in any order: where all usage comes before the registry nothing is captured, and the restore is right.
fresh restored && load "$work/schema.sql"
if pg_restore -d restored -e -a -j 4 "$work/custom" >"$work/log" 2>&1; then
    check 'schema and data apart without them, by four workers'
else
    status=0
    grep -q "$refused" "$work/log" || status=1
    report $status 'schema and data apart without them, by four workers, is refused'
fi

# A session goes on after the script, with its settings: what it does then is its own.
fresh restored
cat "$work/plain.sql" - >"$work/scrub.sql" <<'SQL'
DELETE FROM usage.text_message WHERE company_id = 12;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2024-03-05', 7);
INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 1, 40
    WHERE NOT EXISTS (SELECT FROM reseller_report.dependency WHERE company_id = 40);
SELECT reseller_report.move_company(12, 2, '2024-02-15 00:00+00');
UPDATE reseller_report.dependency SET reseller_id = 3 WHERE company_id = 15;
ALTER TABLE usage.chat_message RENAME TO chat;
DROP TABLE usage.phone_call_2024_02;
SQL
load "$work/scrub.sql" || true
status=0
run restored "SELECT * FROM reseller_report.verify('-infinity', 'infinity')" >"$work/differences" && [ ! -s "$work/differences" ] &&
    [ "$(run restored "SELECT count(*) FROM reseller_report.sources()" | tee -a "$work/log")" = 6 ] &&
    [ "$(run restored "SELECT unbuilt_reasons LIKE '%was dropped%' FROM reseller_report.sources()
        WHERE source = 'usage.phone_call'::regclass")" = t ] || status=1
cat "$work/differences" >>"$work/log"
run restored "SELECT * FROM reseller_report.sources()" >>"$work/log"
sed -i "1,/^$/d" "$work/log"
tail -n 20 "$work/log" >"$work/tail"
mv "$work/tail" "$work/log"
report $status 'what a session does after the script is captured, moved and followed'

status=0
run dumped 'SELECT reseller_report.pre_restore()' >"$work/log" 2>&1 ||
    grep -q 'this database has connected tables already' "$work/log" || status=1
report $status 'pre_restore is for a database with nothing but the schema'
