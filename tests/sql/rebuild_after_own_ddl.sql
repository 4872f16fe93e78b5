-- Days that a transaction un-built itself are not rebuilt in it, whatever else it rebuilds.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
SELECT pg_temp.connect('own') \g /dev/null

SELECT pg_temp.by_month('bots', '{2024-02}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-02-05 10:07+00', true, 1, 0);
CREATE TABLE bots_2024_01 (LIKE bots INCLUDING DEFAULTS);
INSERT INTO bots_2024_01 VALUES (11, '2024-01-05 10:07+00', true, 1, 0);
ALTER TABLE bots ATTACH PARTITION bots_2024_01 FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
SELECT is(pg_temp.is_built('bots'), false, 'a month that comes with rows is un-built');
CREATE TABLE bots_2024_03 (LIKE bots INCLUDING DEFAULTS);
INSERT INTO bots_2024_03 VALUES (11, '2024-03-05 10:07+00', true, 10, 0);
SELECT dblink_exec('own', 'BEGIN') \g /dev/null
SELECT dblink_exec('own', 'INSERT INTO bots_2024_03 VALUES (11, ''2024-03-05 10:22+00'', true, 100, 0)') \g /dev/null
SELECT dblink_exec('own',
    'ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM (''2024-03-01 00:00+00'') TO (''2024-04-01 00:00+00'')')
        \g /dev/null
SELECT is(pg_temp.state('own',
    'DO $x$ BEGIN PERFORM reseller_report.rebuild_slice(''bots'', ''2024-01-01 00:00+00'', ''2024-02-01 00:00+00''); END $x$'),
    '00000', 'a month is rebuilt in a transaction that un-built another');
SELECT is(pg_temp.state('own',
    'DO $x$ BEGIN PERFORM reseller_report.rebuild_slice(''bots'', ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00''); END $x$'),
    '55000', 'the month that it un-built itself is refused');
SELECT dblink_exec('own', 'ROLLBACK') \g /dev/null
SELECT pg_temp.right('after the refusal', 'bots');
BEGIN;
ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
SELECT reseller_report.rebuild_slice('bots', '2024-01-01 00:00+00', '2024-02-01 00:00+00') \g /dev/null
SELECT pg_temp.report('one month rebuilt while another is un-built', 'bots');
COMMIT;
SELECT pg_temp.right('one month rebuilt, another un-built', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT is(pg_temp.is_built('bots'), true, 'both are rebuilt in the end');
SELECT pg_temp.right('both rebuilt', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null
SELECT dblink_disconnect('own') \g /dev/null
SELECT * FROM finish();
