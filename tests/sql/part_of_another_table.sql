-- A connected table may be part of something greater: a partition, a child by inheritance, a table of a type. It is still what is
-- connected, and what is done through the greater one is followed.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql

-- A table of one's own becomes the first partition of a greater one: it is still what is connected.
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
BEGIN;
CREATE TABLE bots_all (LIKE bots) PARTITION BY RANGE (occurred_at);
ALTER TABLE bots_all ATTACH PARTITION bots FOR VALUES FROM (MINVALUE) TO ('2024-04-01 00:00+00');
CREATE TABLE bots_later PARTITION OF bots_all DEFAULT;
INSERT INTO bots VALUES (12, '2024-03-05 10:07+00', true, 1, 2);
SELECT pg_temp.report('a connected table in the transaction that makes it a partition', 'bots');
COMMIT;
SELECT pg_temp.right('a connected table that became a partition', 'bots');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
INSERT INTO bots_all VALUES (11, '2024-03-05 10:22+00', true, 100, 30), (11, '2024-05-05', true, 1000, 1000);
SELECT pg_temp.right('written to by its name and by the greater one''s', 'bots');
UPDATE bots_all SET occurred_at = '2024-06-01' WHERE price_twin = 100;
UPDATE bots_all SET occurred_at = '2024-03-05 10:22+00' WHERE price_twin = 1000;
SELECT pg_temp.right('rows that move out of it and into it', 'bots');
ALTER TABLE bots RENAME TO robots;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 7, 3);
SELECT is((SELECT array_agg(source) FROM reseller_report.sources() WHERE source = 'robots'::regclass), ARRAY['robots'::regclass],
    'renamed, it is followed');
SELECT pg_temp.right('renamed', 'robots');
ALTER TABLE bots_all RENAME COLUMN price_twin TO cost;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
SELECT pg_temp.right('a column renamed through the greater table',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM robots)');
ALTER TABLE bots_all RENAME COLUMN price_reseller TO price_twin;
ALTER TABLE bots_all RENAME COLUMN cost TO price_reseller;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
SELECT pg_temp.right('two columns that swap names through it',
    '(SELECT company_id, occurred_at, billable, price_reseller AS price_twin, price_twin AS price_reseller FROM robots)');
ALTER TABLE bots_all RENAME COLUMN price_twin TO cost;
ALTER TABLE bots_all RENAME COLUMN price_reseller TO price_twin;
ALTER TABLE bots_all RENAME COLUMN cost TO price_reseller;
ALTER TABLE robots DISABLE TRIGGER reseller_report_capture;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 17, 3);
SELECT is(pg_temp.is_built('robots'), false, 'switching its capture off un-builds');
SELECT pg_temp.right('written while capture is off', 'robots');
ALTER TABLE robots ENABLE TRIGGER ALL;
SELECT pg_temp.rebuild('robots') \g /dev/null
SELECT is(pg_temp.is_built('robots'), true, 'when capture is on again it is rebuilt');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 19, 3);
SELECT pg_temp.right('capture is on again, rebuilt', 'robots');
TRUNCATE bots_all;
SELECT is(pg_temp.is_built('robots'), false, 'TRUNCATE of the greater table un-builds');
SELECT pg_temp.right('TRUNCATE of the greater table', 'robots');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 19, 3);
SELECT pg_temp.rebuild('robots') \g /dev/null
ALTER TABLE bots_all ALTER COLUMN price_twin TYPE numeric(14,6) USING price_twin * 2;
SELECT pg_temp.right('rewritten through the greater table', 'robots');
SELECT pg_temp.rebuild('robots') \g /dev/null
ALTER TABLE robots DISABLE TRIGGER ALL;
ALTER TABLE robots RENAME TO bots;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 23, 3);
ALTER TABLE bots_all DETACH PARTITION bots;
SELECT is(pg_temp.is_built('bots'), false, 'renamed and detached with its triggers off it is un-built');
SELECT pg_temp.right('renamed and detached with its triggers off', 'bots');
SELECT is(pg_temp.state('SELECT reseller_report.detach_source(''bots'')'), '00000',
    'a table detached with its triggers off can be disconnected');
SELECT pg_temp.gone('bots, bots_all') \g /dev/null

-- A connected table with partitions becomes a partition of a greater one.
SELECT pg_temp.by_month('bots', '{2024-03}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3), (11, '2024-02-05', true, 1, 1);
BEGIN;
CREATE TABLE bots_all (LIKE bots) PARTITION BY LIST (billable);
ALTER TABLE bots_all ATTACH PARTITION bots FOR VALUES IN (true);
COMMIT;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
INSERT INTO bots_all VALUES (12, '2024-03-05 10:07+00', true, 6, 3);
SELECT pg_temp.right('a partitioned table that became a partition', 'bots');
CREATE TABLE bots_2024_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
INSERT INTO bots VALUES (11, '2024-01-05', true, 50, 30);
SELECT pg_temp.right('a partition made in it', 'bots');
SELECT is(pg_temp.is_built('bots'), true, 'a partition made in it un-builds nothing');
TRUNCATE bots_2024_01;
SELECT is(pg_temp.is_built('bots'), false, 'TRUNCATE of that partition un-builds');
SELECT pg_temp.right('and truncated', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
ALTER TABLE bots_all RENAME COLUMN price_twin TO cost;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
SELECT pg_temp.right('a column of it renamed through the greater table',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
ALTER TABLE bots_all RENAME COLUMN cost TO price_twin;
ALTER TABLE bots_all DETACH PARTITION bots;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
DROP TABLE bots_2024_03;
SELECT pg_temp.right('detached, and a partition dropped', 'bots');
SELECT pg_temp.gone('bots, bots_all') \g /dev/null

-- A parent by inheritance renames its children's columns, and swaps them.
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('before it has a parent', 'bots');
CREATE TABLE anything (price_twin numeric(15,6), price_reseller numeric(15,6));
ALTER TABLE bots INHERIT anything;
ALTER TABLE anything RENAME COLUMN price_twin TO cost;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a column renamed through a parent',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
ALTER TABLE anything RENAME COLUMN price_reseller TO price_twin;
ALTER TABLE anything RENAME COLUMN cost TO price_reseller;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 1, 2);
SELECT pg_temp.right('and swapped',
    '(SELECT company_id, occurred_at, billable, price_reseller AS price_twin, price_twin AS price_reseller FROM bots)');
SELECT pg_temp.gone('anything, bots') \g /dev/null

-- A table of a type is renamed with its own type's attributes, and with no other's.
CREATE TYPE row_of_bots AS (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6));
CREATE TYPE unrelated AS (price_twin numeric(15,6));
CREATE TABLE bots OF row_of_bots;
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
CREATE TEMP TABLE rules AS SELECT rules FROM reseller_report.source WHERE table_name = 'bots';
ALTER TYPE unrelated RENAME ATTRIBUTE price_twin TO price_reseller;
SELECT is((SELECT rules FROM reseller_report.source WHERE table_name = 'bots'), (SELECT rules FROM rules),
    'an attribute of an unrelated type changes no rule');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('an attribute of an unrelated type', 'bots');
ALTER TYPE row_of_bots RENAME ATTRIBUTE price_twin TO cost CASCADE;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('an attribute of its own type',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
SELECT pg_temp.gone('bots') \g /dev/null
DROP TYPE row_of_bots, unrelated;
SELECT * FROM finish();
