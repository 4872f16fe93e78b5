-- A session's settings change nothing that the extension does: neither strings that know escapes, nor the ways of printing time.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql

-- A session whose strings know escapes: its backslashes are not ours. The session is new, as plans outlive the setting. From
-- PostgreSQL 19 on there are no such sessions.
SELECT current_setting('server_version_num')::int < 190000 AS has_escapes \gset
\if :has_escapes
SELECT pg_temp.by_month('bots', '{2024-03}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
CREATE FUNCTION pg_temp.escaping(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    PERFORM dblink_connect('escaping', format('host=%s port=%s dbname=%s user=%s'
        ' options=''-c standard_conforming_strings=off -c escape_string_warning=off -c client_min_messages=error''',
        current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user));
    state := pg_temp.state('escaping', command);
    PERFORM dblink_disconnect('escaping');
    RETURN state;
END
$$;
SELECT is(pg_temp.escaping('CREATE TABLE bots_2024_04 PARTITION OF bots '
    'FOR VALUES FROM (''2024-04-01 00:00+00'') TO (''2024-05-01 00:00+00'')'), '00000',
    'with escapes in strings, CREATE TABLE ... PARTITION OF');
INSERT INTO bots VALUES (11, '2024-04-05', true, 10, 3);
SELECT pg_temp.right('a partition made with escapes in strings', 'bots');
SELECT is((SELECT array_agg(leaf_from ORDER BY leaf_from) FROM reseller_report.source_leaf
    WHERE table_name IN ('bots_2024_03', 'bots_2024_04')),
    ARRAY['2024-03-01 00:00+00', '2024-04-01 00:00+00']::timestamptz[], 'the partition is known by its days');
SELECT is(pg_temp.escaping('ALTER TABLE bots DETACH PARTITION bots_2024_04'), '00000', 'with escapes in strings, DETACH');
SELECT pg_temp.right('a partition detached with escapes in strings', 'bots');
SELECT is(pg_temp.escaping('TRUNCATE bots_2024_03'), '00000', 'with escapes in strings, TRUNCATE');
SELECT is(pg_temp.is_built('bots'), false, 'the TRUNCATE is noticed');
SELECT pg_temp.right('a partition truncated with escapes in strings', 'bots');
SELECT is((SELECT array_agg(DISTINCT unbuilt_from) FROM reseller_report.source_unbuilt WHERE reason LIKE 'TRUNCATE%'),
    ARRAY['2024-03-01 00:00+00'::timestamptz],
    'the TRUNCATE un-builds the days of the partition alone');
SELECT is(pg_temp.escaping('ALTER TABLE bots ADD COLUMN note text; ALTER TABLE bots RENAME COLUMN price_twin TO cost; '
    'ALTER TABLE bots RENAME TO robots'),
    '00000', 'with escapes in strings, ALTER TABLE');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 10, 3, 'x');
SELECT pg_temp.right('columns and a table renamed with escapes in strings',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM robots)');
SELECT pg_temp.gone('robots, bots_2024_04') \g /dev/null
CREATE TABLE "b\o'ts" (company_id bigint, occurred_at timestamp, kind text, cents integer);
SELECT is(pg_temp.escaping($y$DO $x$ BEGIN PERFORM reseller_report.attach_source('bot', '"b\\o''ts"',
    '{"occurred_at": {"column": "occurred_at", "time_zone": "+03:00"},
    "billable": {"column": "kind", "values": {"paid": true, "fr\\\\ee": false}}, "price_twin": {"column": "cents", "unit": "0.01"},
    "price_reseller": {"value": -1.5}}'); END $x$$y$), '00000',
        'with escapes in strings, attach_source of a name and a value with a backslash');
INSERT INTO "b\o'ts" VALUES (11, '2024-03-05 13:07', 'paid', 250), (11, '2024-03-05 13:22', 'fr\ee', 100);
SELECT $$(SELECT company_id, occurred_at AT TIME ZONE interval '03:00' AS occurred_at, kind = 'paid' AS billable,
    cents / 100.0 AS price_twin, -1.5 AS price_reseller
    FROM "b\o'ts")$$ AS backslashes \gset
SELECT pg_temp.right('a table connected with escapes in strings', :'backslashes');
SELECT is(pg_temp.escaping($$INSERT INTO "b\o'ts" VALUES (11, '2024-03-05 13:22', 'fr\\ee', 100);
    UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11$$), '00000',
        'with escapes in strings, a company moves');
SELECT pg_temp.right('a company moved with escapes in strings', :'backslashes');
SELECT is(pg_temp.escaping($$TRUNCATE "b\o'ts"$$), '00000', 'with escapes in strings, TRUNCATE of the name with a backslash');
SELECT pg_temp.right('its TRUNCATE with escapes in strings', :'backslashes');
SELECT pg_temp.gone('"b\o''ts"') \g /dev/null
SELECT is(pg_temp.escaping('DO $x$ BEGIN PERFORM reseller_report.create_usage_tables(''escaped''); END $x$'), '00000',
    'with escapes in strings, create_usage_tables');
INSERT INTO escaped.bot_message (company_id, occurred_at, price_twin) VALUES (11, now(), 10);
SELECT pg_temp.right('tables made with escapes in strings', 'escaped.bot_message');
SELECT format('escaped.bot_message_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')) AS month \gset
DROP TABLE :month;
SELECT pg_temp.right('a month of theirs dropped', 'escaped.bot_message');
SELECT is((SELECT array_agg(DISTINCT unbuilt_from) FROM reseller_report.source_unbuilt WHERE reason LIKE '%dropped'),
    ARRAY[date_trunc('month', now(), 'UTC')], 'the dropped month un-builds its days alone');
DROP SCHEMA escaped CASCADE;
SELECT reseller_report.materialize() \g /dev/null
\endif

-- Ways of printing time move no bound.
SET timezone = 'Europe/Dublin';
SET datestyle = 'SQL, DMY';
CREATE TABLE usage.bot_message_2023_06 PARTITION OF usage.bot_message
    FOR VALUES FROM ('2023-06-01 00:00+00') TO ('2023-07-01 00:00+00');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2023-06-30 22:30+00', 1),
    (11, '2023-06-30 23:30+00', 10), (11, '2023-07-10 23:30+00', 100);
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.create_partitions(''0'') '
    'WHERE source = ''usage.bot_message''::regclass AND period_from < ''2023-12-31''',
    $$VALUES (timestamptz '2023-07-01 00:00+00', timestamptz '2023-08-01 00:00+00')$$,
        'whatever the session prints, months are UTC');
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.prune(''usage.bot_message'', ''2023-07-01 00:00+00'')',
    $$VALUES (timestamptz '2023-06-01 00:00+00', timestamptz '2023-07-01 00:00+00')$$,
        'whatever the session prints, the horizon is UTC');
SELECT reseller_report.rebuild_slice('usage.bot_message', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.company c,
    reseller_report.bot(c.company_id, '2023-06-01 00:00+00', '2023-07-01 00:00+00') WHERE c.is_reseller), 11.0, 'nothing is lost');
RESET timezone;
RESET datestyle;
SELECT * FROM finish();
