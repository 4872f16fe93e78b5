-- Before the horizon the figures are those that were pruned and the rows that are there now, whatever brought these or took them
-- away.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null

SELECT pg_temp.by_month('bots', '{2024-01,2024-02,2024-03}') \g /dev/null
INSERT INTO bots SELECT 11 + n % 2, '2024-01-01 00:07+00'::timestamptz + n * interval '7 hours', n % 3 > 0, n, n * 2
    FROM generate_series(0, 250) n;
CREATE TABLE archived AS SELECT * FROM bots WHERE occurred_at < '2024-03-01 00:00+00';
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT period_to FROM reseller_report.prune(''bots'', ''2024-03-01 00:00+00'') ORDER BY 1',
    'VALUES (timestamptz ''2024-02-01 00:00+00''), (''2024-03-01 00:00+00'')', 'two months are pruned');
\set kept '(TABLE archived UNION ALL TABLE bots)'
CREATE FUNCTION pg_temp.late() RETURNS void LANGUAGE sql AS $$
    INSERT INTO bots SELECT 11 + n % 2, m + n * interval '11 minutes', true, 1000 * n, n FROM generate_series(1, 3) n,
        (VALUES (timestamptz '2024-01-10 10:07+00'), ('2024-02-10 10:07+00'), ('2024-03-05 10:07+00')) AS month (m)
$$;
CREATE FUNCTION pg_temp.late_of(company bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO bots SELECT company, '2024-02-11 10:07+00'::timestamptz + n * interval '11 minutes', true, 1000 * n, n
        FROM generate_series(1, 3) n
$$;
CREATE FUNCTION pg_temp.february() RETURNS void LANGUAGE sql AS $$
    CREATE TABLE bots_2024_02 PARTITION OF bots FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')
$$;
SELECT pg_temp.february() \g /dev/null
SELECT pg_temp.late() \g /dev/null
SELECT pg_temp.report('late rows', :'kept');
BEGIN;
TRUNCATE bots;
SELECT pg_temp.report('the whole table truncated, late rows and all', :'kept');
ROLLBACK;
SELECT pg_temp.right('rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
BEGIN;
SELECT pg_temp.late() \g /dev/null
SAVEPOINT a;
TRUNCATE bots;
SELECT pg_temp.report('truncated in a savepoint after late rows of the transaction', :'kept');
ROLLBACK TO a;
SELECT pg_temp.report('the savepoint rolled back', :'kept');
TRUNCATE bots;
SELECT pg_temp.report('truncated after late rows of the transaction', :'kept');
SELECT pg_temp.late() \g /dev/null
SELECT pg_temp.report('and more rows', :'kept');
COMMIT;
SELECT pg_temp.right('the whole table truncated, and late rows', :'kept');
TRUNCATE bots;
SELECT pg_temp.right('the whole table truncated', :'kept');

SELECT pg_temp.late() \g /dev/null
BEGIN;
TRUNCATE bots_2024_02;
SELECT pg_temp.report('a partition truncated', :'kept');
ROLLBACK;
SELECT pg_temp.right('its TRUNCATE rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
TRUNCATE bots_2024_02;
SELECT pg_temp.right('a partition truncated', :'kept');
TRUNCATE bots_rest;
SELECT pg_temp.right('the default partition truncated', :'kept');

SELECT pg_temp.late() \g /dev/null
BEGIN;
ALTER TABLE bots DETACH PARTITION bots_2024_02;
SELECT pg_temp.report('a partition detached', :'kept');
ROLLBACK;
SELECT pg_temp.right('its DETACH rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
ALTER TABLE bots DETACH PARTITION bots_2024_02;
SELECT pg_temp.right('a partition detached', :'kept');
DELETE FROM bots_2024_02 WHERE company_id = 11;
SELECT pg_temp.right('what was detached is nobody''s', :'kept');

BEGIN;
ALTER TABLE bots ATTACH PARTITION bots_2024_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT pg_temp.report('a partition attached with rows', :'kept');
UPDATE bots SET price_twin = price_twin + 1 WHERE occurred_at < '2024-03-01 00:00+00';
DELETE FROM bots WHERE occurred_at = (SELECT min(occurred_at) FROM bots_2024_02);
SELECT pg_temp.report('some of which are changed and deleted', :'kept');
ROLLBACK;
SELECT pg_temp.right('its ATTACH rolled back', :'kept');
ALTER TABLE bots ATTACH PARTITION bots_2024_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT pg_temp.right('a partition attached with rows', :'kept');
DELETE FROM bots WHERE occurred_at = (SELECT min(occurred_at) FROM bots_2024_02);
SELECT pg_temp.right('some of which are deleted', :'kept');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.right('and rebuilt', :'kept');

SELECT pg_temp.late() \g /dev/null
BEGIN;
DROP TABLE bots_2024_02;
SELECT pg_temp.report('a partition dropped', :'kept');
ROLLBACK;
SELECT pg_temp.right('its DROP rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 12;
DROP TABLE bots_2024_02;
SELECT pg_temp.right('a partition dropped after a company moved', :'kept');
SELECT pg_temp.february() \g /dev/null
BEGIN;
SELECT pg_temp.late() \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 3 - reseller_id;
DROP TABLE bots_2024_02;
SELECT pg_temp.report('a partition dropped in the transaction of late rows and moves', :'kept');
UPDATE reseller_report.dependency SET reseller_id = 3 - reseller_id;
SELECT pg_temp.report('and moves after it', :'kept');
COMMIT;
SELECT pg_temp.right('late rows, moves and a DROP in one transaction', :'kept');
DELETE FROM bots WHERE occurred_at < '2024-03-01 00:00+00';
SELECT pg_temp.right('the rest of the late rows deleted', :'kept');

-- A partition that has partitions itself, and rows that go in the transaction that drops their table.
CREATE TABLE bots_2024_02 PARTITION OF bots FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')
    PARTITION BY LIST (company_id);
CREATE TABLE bots_2024_02_11 PARTITION OF bots_2024_02 FOR VALUES IN (11);
CREATE TABLE bots_2024_02_12 PARTITION OF bots_2024_02 FOR VALUES IN (12);
SELECT pg_temp.late() \g /dev/null
BEGIN;
TRUNCATE bots_2024_02;
SELECT pg_temp.report('partitions of a partition truncated', :'kept');
ROLLBACK;
SELECT pg_temp.right('their TRUNCATE rolled back', :'kept');
ALTER TABLE bots DETACH PARTITION bots_2024_02;
SELECT pg_temp.right('detached with their parent', :'kept');
UPDATE bots_2024_02 SET price_twin = price_twin + 1;
ALTER TABLE bots ATTACH PARTITION bots_2024_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT pg_temp.right('attached with their parent', :'kept');
ALTER TABLE bots_2024_02 DETACH PARTITION bots_2024_02_11;
SELECT pg_temp.right('detached from their parent', :'kept');
ALTER TABLE bots_2024_02 ATTACH PARTITION bots_2024_02_11 FOR VALUES IN (11);
SELECT pg_temp.right('attached to their parent', :'kept');
DROP TABLE bots_2024_02_12;
SELECT pg_temp.right('one of them dropped', :'kept');
BEGIN;
DELETE FROM bots WHERE occurred_at = (SELECT min(occurred_at) FROM bots_2024_02);
SELECT pg_temp.late_of(11) \g /dev/null
UPDATE bots SET occurred_at = '2024-03-07 10:07+00' WHERE occurred_at = (SELECT max(occurred_at) FROM bots_2024_02);
DROP TABLE bots_2024_02;
SELECT pg_temp.report('dropped with their parent after a DELETE, an INSERT and an UPDATE', :'kept');
COMMIT;
SELECT pg_temp.right('dropped with their parent', :'kept');

-- prunable foretells what prune would do, refusals too.
ALTER TABLE bots DISABLE TRIGGER reseller_report_capture;
SELECT throws_ok('SELECT * FROM reseller_report.prunable(''bots'', ''2024-04-01 00:00+00'')', '0A000', NULL,
    'days not built are not prunable');
SELECT throws_ok('SELECT * FROM reseller_report.prune(''bots'', ''2024-04-01 00:00+00'')', '0A000', NULL,
    'days not built are not pruned');
ALTER TABLE bots ENABLE TRIGGER reseller_report_capture;
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.prunable(''bots'', ''2024-04-01 00:00+00'')',
    $$VALUES (timestamptz '2024-03-01 00:00+00', timestamptz '2024-04-01 00:00+00')$$, 'days that are built are prunable');
SELECT pg_temp.right('at the end', :'kept');
SELECT pg_temp.gone('bots, archived') \g /dev/null

-- Beside other sessions.
CREATE TABLE bots (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:20+00', 1);
SELECT reseller_report.prune('bots', '2024-02-01 00:00+00') \g /dev/null
CREATE FUNCTION pg_temp.total() RETURNS numeric LANGUAGE sql AS $$
    SELECT total_price_to_twin FROM reseller_report.bot(1, '-infinity', 'infinity') WHERE id = 11
$$;
SELECT pg_temp.total() AS pruned \gset
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE bots_late PARTITION OF bots FOR VALUES FROM ('2023-11-01 00:00+00') TO ('2023-12-01 00:00+00');
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2023-11-02', 10);
SELECT pg_temp.ends('a', 'a partition truncated under a snapshot older than it', 'TRUNCATE bots_late');
SELECT is(pg_temp.total(), :pruned, 'rows before the horizon go with their TRUNCATE');
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2023-11-02', 10);
ALTER TABLE bots_late FORCE ROW LEVEL SECURITY;
SELECT is(pg_temp.state('c', 'TRUNCATE bots_late'), '00000', 'TRUNCATE of rows that cannot be read is done');
SELECT is(pg_temp.total(), :pruned + 10, 'rows that could not be read count on');
ALTER TABLE bots_late NO FORCE ROW LEVEL SECURITY;
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2023-11-02', 100);
SELECT dblink_exec('a', 'BEGIN; DROP TABLE bots_late') \g /dev/null
SELECT dblink_send_query('b', 'DROP TABLE IF EXISTS bots_late') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'a DROP waits for another');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.state_of_sent('b'), '00000', 'the DROP that waited finds nothing left to drop');
SELECT is(pg_temp.total(), :pruned + 10, 'the rows of a table that two sessions drop go once');
SELECT pg_temp.gone('bots') \g /dev/null
SELECT dblink_disconnect('a'), dblink_disconnect('b'), dblink_disconnect('c') \g /dev/null
SELECT * FROM finish();
