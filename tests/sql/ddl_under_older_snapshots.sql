-- DDL under a snapshot older than the source is followed, or refused with 40001 and followed when tried again; in the end reports
-- are right, and what un-builds is noticed.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a table renamed under an older snapshot', 'ALTER TABLE bots RENAME TO robots');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'robots'::regclass), 1::bigint,
    'the renamed table is the source');
SELECT pg_temp.right_and_watched('a table renamed under an older snapshot', 'robots');
SELECT pg_temp.gone('robots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a column renamed under an older snapshot', 'ALTER TABLE bots RENAME COLUMN price_twin TO cost');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a column renamed under an older snapshot',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
SELECT pg_temp.snapshot('a') \g /dev/null
ALTER TABLE bots RENAME COLUMN cost TO price;
SELECT pg_temp.ends('a', 'two columns that swap names, one of them renamed after the snapshot',
    'ALTER TABLE bots RENAME COLUMN price_reseller TO price_twin',
    'ALTER TABLE bots RENAME COLUMN price TO price_reseller');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('columns swapped under an older snapshot',
    '(SELECT company_id, occurred_at, billable, price_reseller AS price_twin, price_twin AS price_reseller FROM bots)');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.ends('a', 'rewritten under an older snapshot',
    'ALTER TABLE bots ALTER COLUMN price_twin TYPE numeric(14,6) USING price_twin * 2');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right_and_watched('rewritten under an older snapshot', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.parted('bots') \g /dev/null
CREATE TABLE bots_rest PARTITION OF bots DEFAULT;
SELECT pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-01-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'triggers off and a partition attached under an older snapshot',
    'ALTER TABLE bots_rest DISABLE TRIGGER ALL',
    'INSERT INTO bots VALUES (11, ''2024-01-05 10:07+00'', true, 100, 30)', 'CREATE TABLE bots_2024_03 (LIKE bots INCLUDING ALL)',
    'INSERT INTO bots_2024_03 VALUES (11, ''2024-03-05 10:07+00'', true, 1000, 300)',
    'ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM (''2024-03-01 00:00+00'') TO (''2024-04-01 00:00+00'')',
    'ALTER TABLE bots_rest ENABLE TRIGGER ALL');
SELECT is(pg_temp.is_built('bots'), false, 'both un-build the table');
SELECT pg_temp.right_and_watched('triggers off and a partition attached under an older snapshot', 'bots', 'bots_2024_03');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
CREATE SCHEMA app;
SELECT pg_temp.plain('app.bots'), pg_temp.attach('app.bots') \g /dev/null
INSERT INTO app.bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a schema renamed under an older snapshot', 'ALTER SCHEMA app RENAME TO application');
INSERT INTO application.bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'application.bots'::regclass), 1::bigint,
    'the renamed table is the source');
SELECT pg_temp.right_and_watched('a schema renamed under an older snapshot', 'application.bots');
SELECT pg_temp.gone('application.bots') \g /dev/null

-- A single statement that waits while the table is connected has the older snapshot without knowing.
SELECT pg_temp.plain('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT dblink_exec('b', 'BEGIN; DO $x$ BEGIN PERFORM reseller_report.attach_source(''bot'', ''bots''); END $x$') \g /dev/null
SELECT dblink_exec('a', 'SET default_transaction_isolation = ''repeatable read''') \g /dev/null
SELECT dblink_send_query('a', 'ALTER TABLE bots RENAME COLUMN price_twin TO cost') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'DDL waits for attach_source');
SELECT dblink_exec('b', 'COMMIT') \g /dev/null
CREATE FUNCTION pg_temp.tried_again(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text := pg_temp.state_of_sent('a');
BEGIN
    RETURN CASE state WHEN '40001' THEN pg_temp.state('a', command) ELSE state END;
END
$$;
SELECT is(pg_temp.tried_again('ALTER TABLE bots RENAME COLUMN price_twin TO cost'), '00000',
    'DDL that waited is done, if need be when tried again');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a column renamed by a statement that waited for attach_source',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
SELECT dblink_exec('a', 'RESET default_transaction_isolation') \g /dev/null
SELECT pg_temp.gone('bots') \g /dev/null

-- Labels of an enum that swap names under a snapshot older than the source.
CREATE TYPE channel AS ENUM ('sms', 'viber');
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE texts (company_id bigint, occurred_at timestamptz, channel channel, delivered boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6));
SELECT reseller_report.attach_source('text_messaging', 'texts') \g /dev/null
INSERT INTO texts VALUES (11, '2024-03-05 10:07+00', 'sms', true, 10, 3), (11, '2024-03-05 10:07+00', 'sms', true, 10, 3),
    (11, '2024-03-05 10:07+00', 'viber', true, 1, 3);
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.ends('a', 'labels swapped under an older snapshot', 'ALTER TYPE channel RENAME VALUE ''sms'' TO ''x''',
    'ALTER TYPE channel RENAME VALUE ''viber'' TO ''sms''', 'ALTER TYPE channel RENAME VALUE ''x'' TO ''viber''');
CREATE FUNCTION pg_temp.texts(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT results_eq('SELECT delivered_sms, price_sms, sent_viber, price_viber '
        'FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'') WHERE id = 11',
        'SELECT count(*) FILTER (WHERE channel = ''sms''), sum(price_twin) FILTER (WHERE channel = ''sms''), '
        'count(*) FILTER (WHERE channel = ''viber''),
            sum(price_twin) FILTER (WHERE channel = ''viber'') FROM texts', label)
    UNION ALL SELECT pg_temp.clean(label)
$$;
SELECT pg_temp.texts('labels swapped under an older snapshot');
INSERT INTO texts VALUES (11, '2024-03-05 10:07+00', 'sms', true, 100, 3);
SELECT pg_temp.texts('a new row after swapped labels');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.texts('a new row after swapped labels, folded');
SELECT reseller_report.rebuild_slice('texts', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.texts('swapped labels rebuilt');
SELECT pg_temp.gone('texts') \g /dev/null
SELECT dblink_disconnect('a'), dblink_disconnect('b'), dblink_disconnect('c') \g /dev/null
SELECT * FROM finish();
