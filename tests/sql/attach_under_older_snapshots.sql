-- attach_source under a snapshot older than what the table has grown (a child, a partition, rows) connects the table as it is now,
-- or is refused.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null

SELECT pg_temp.plain('bots') \g /dev/null
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE bots_child () INHERITS (bots);
SELECT ok(state IN ('40001', '42809'), 'a table that got a child after the snapshot is not connected: ' || state)
    FROM pg_temp.state('a', 'DO $x$ BEGIN PERFORM reseller_report.attach_source(''bot'', ''bots''); END $x$') AS state;
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null
INSERT INTO bots_child VALUES (11, '2024-01-05 10:07+00', true, 100, 30);
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'bots'::regclass), 0::bigint, 'and is not half connected');
SELECT pg_temp.right('a table that got a child after the snapshot', 'usage.bot_message');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.parted('bots') \g /dev/null
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE bots_rest PARTITION OF bots DEFAULT;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a table connected under a snapshot older than its partition',
    'DO $x$ BEGIN PERFORM reseller_report.attach_source(''bot'', ''bots''); END $x$');
INSERT INTO bots VALUES (11, '2024-01-05 10:07+00', true, 100, 30);
SELECT is((SELECT count(*) FROM reseller_report.source_leaf WHERE relid = 'bots_rest'::regclass), 1::bigint,
    'the connected table knows its partition');
SELECT pg_temp.right_and_watched('a table connected under a snapshot older than its partition', 'bots', 'bots_rest');
INSERT INTO bots VALUES (11, '2024-01-05 10:07+00', true, 100, 30);
DROP TABLE bots_rest;
SELECT pg_temp.right('and the partition dropped', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.plain('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-01-05 10:07+00', true, 100, 30);
SELECT pg_temp.snapshot('a') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a table connected under a snapshot older than some of its rows',
    'DO $x$ BEGIN PERFORM reseller_report.attach_source(''bot'', ''bots''); END $x$');
SELECT pg_temp.right_and_watched('a table connected under a snapshot older than some of its rows', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE usage.bot_late PARTITION OF usage.bot_message FOR VALUES FROM ('2030-01-01 00:00+00') TO ('2030-02-01 00:00+00');
SELECT is(pg_temp.state('a',
    $$DO $x$ BEGIN PERFORM FROM reseller_report.verify('-infinity', 'infinity'); PERFORM
        FROM reseller_report.rebuild_slices('usage.bot_message'); END $x$ $$),
    '00000', 'verify and rebuild_slices answer under a snapshot older than a partition');
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null
DROP TABLE usage.bot_late;
SELECT dblink_disconnect('a'), dblink_disconnect('b'), dblink_disconnect('c') \g /dev/null
SELECT * FROM finish();
