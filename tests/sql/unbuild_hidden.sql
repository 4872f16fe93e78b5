-- L4 where it is hard to see: DDL under an older snapshot, DETACH CONCURRENTLY half way, unlogged tables, a lost trigger, a
-- column's name that comes again. Days that cannot be known are read raw, or refused.
SELECT no_plan();
SELECT setseed(0.12) \g /dev/null
SET client_min_messages = error;
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b') \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(),
    random_usage.events(80); PERFORM reseller_report.create_partitions('1 month'); PERFORM reseller_report.materialize(); END $$;

-- A transaction whose snapshot is older than the partition, or than the source.
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
CREATE TABLE usage.bot_message_2022_01 PARTITION OF usage.bot_message
    FOR VALUES FROM ('2022-01-01 00:00+00') TO ('2022-02-01 00:00+00');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2022-01-10', 5);
CREATE TABLE late (LIKE usage.bot_message INCLUDING DEFAULTS);
SELECT reseller_report.attach_source('bot', 'late') \g /dev/null
INSERT INTO late (company_id, occurred_at, price_twin) VALUES (11, '2022-01-10', 5);
SELECT reseller_report.materialize() \g /dev/null
SELECT dblink_exec('a', 'DROP TABLE usage.bot_message_2022_01; TRUNCATE late; COMMIT') \g /dev/null
SELECT is(oracle.why(), 'TRUNCATE of public.late; usage.bot_message_2022_01 was dropped',
    'DROP and TRUNCATE under an older snapshot');
SELECT oracle.agrees('DROP and TRUNCATE under an older snapshot');
CALL oracle.rebuild();
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
CREATE TABLE usage.bot_message_2022_01 PARTITION OF usage.bot_message
    FOR VALUES FROM ('2022-01-01 00:00+00') TO ('2022-02-01 00:00+00');
SELECT dblink_exec('a', 'ALTER TABLE usage.bot_message_2022_01 RENAME TO bot_message_renamed; COMMIT') \g /dev/null
SELECT oracle.agrees('a partition renamed under an older snapshot');
CALL oracle.rebuild();
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2022-01-10', 5);
TRUNCATE usage.bot_message_renamed;
SELECT is(oracle.why(), 'TRUNCATE of usage.bot_message_renamed', 'is watched');
SELECT oracle.agrees('a renamed partition truncated');
SELECT reseller_report.detach_source('late') \g /dev/null
CALL oracle.rebuild();

-- TRUNCATE is not MVCC: a snapshot from before it does not see the rows any more, so it must not see them in its summaries either,
-- also when the days have been rebuilt since.
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
TRUNCATE usage.bot_message_2024_02;
SELECT is((SELECT n FROM dblink('a', 'SELECT count(*) FROM oracle.compare(10, ''2024-03-01'', ''100 days'')') AS t (n bigint)),
    0::bigint, 'an older snapshot after TRUNCATE');
CALL oracle.rebuild();
SELECT is((SELECT n FROM dblink('a', 'SELECT count(*) FROM oracle.compare(10, ''2024-03-01'', ''100 days'')') AS t (n bigint)),
    0::bigint, 'and after the rebuild');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null

-- DETACH ... CONCURRENTLY waits for readers between its two transactions: the rows are out of the table, and the event trigger of
-- its end has not come yet.
CREATE TABLE flow (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE flow_1 PARTITION OF flow FOR VALUES FROM ('2021-01-01 00:00+00') TO ('2021-02-01 00:00+00');
CREATE TABLE flow_2 PARTITION OF flow FOR VALUES FROM ('2021-02-01 00:00+00') TO ('2021-03-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'flow') \g /dev/null
INSERT INTO flow (company_id, occurred_at, price_twin) SELECT 11 + n % 30, '2021-01-01 12:00+00'::timestamptz + n
    * interval '1 hour', n FROM generate_series(0, 1300) n;
SELECT reseller_report.materialize() \g /dev/null
CREATE FUNCTION pg_temp.agrees(label text) RETURNS text LANGUAGE sql AS $$
    SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.company r,
        reseller_report.bot(r.company_id, '2021-01-01 00:00+00', '2021-03-01 00:00+00') WHERE r.is_reseller),
        (SELECT sum(price_twin) FROM flow JOIN reseller_report.dependency d ON d.company_id = flow.company_id
            AND d.during @> occurred_at)::numeric(20,6), label)
$$;
SELECT pg_temp.agrees('folded');
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE flow IN ACCESS SHARE MODE') \g /dev/null
SELECT dblink_send_query('b', 'ALTER TABLE flow DETACH PARTITION flow_1 CONCURRENTLY') \g /dev/null
SELECT ok(pg_temp.until('EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)'), 'it is in its midst');
SELECT pg_temp.agrees('in its midst');
SELECT is(oracle.why(), 'public.flow_1 is being detached', 'and un-built');
SELECT results_eq('SELECT unbuilt_from, unbuilt_to FROM reseller_report.source_unbuilt',
    $$VALUES (timestamptz '2021-01-01 00:00+00', timestamptz '2021-02-01 00:00+00')$$, 'its days, and no others');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT ok(pg_temp.until('NOT dblink_is_busy(''b'')::boolean'), 'it ends');
SELECT * FROM dblink_get_result('b') AS t (x text) \g /dev/null
SELECT pg_temp.agrees('detached');
CALL oracle.rebuild();
SELECT is(oracle.why(), NULL, 'rebuilt');
SELECT pg_temp.agrees('rebuilt');

-- A crash takes the rows of an unlogged table: it is read raw for as long as it is one.
CREATE UNLOGGED TABLE flow_3 PARTITION OF flow FOR VALUES FROM ('2021-03-01 00:00+00') TO ('2021-04-01 00:00+00');
SELECT is(oracle.why(), 'writes to public.flow_3 are not captured', 'an unlogged partition');
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''flow'', ''-infinity'', ''infinity'')', '55000',
    'the capture trigger of table public.flow is off', 'keeps its table un-built');
DROP TABLE flow_3;
CALL oracle.rebuild();
ALTER TABLE flow_2 SET UNLOGGED;
SELECT is(oracle.why(), 'public.flow_2 was rewritten by ALTER TABLE', 'SET UNLOGGED');
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''flow'', ''-infinity'', ''infinity'')', '55000', NULL, 'keeps it un-built');
SELECT pg_temp.agrees('unlogged');
ALTER TABLE flow_2 SET LOGGED;
CALL oracle.rebuild();
SELECT is(oracle.why(), NULL, 'SET LOGGED, and it is built');

-- Nobody captures what is written to a foreign partition elsewhere.
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE flow_4 PARTITION OF flow
    FOR VALUES FROM ('2021-04-01 00:00+00') TO ('2021-05-01 00:00+00') SERVER files OPTIONS (filename '/dev/null');
SELECT is(oracle.why(), 'writes to public.flow_4 are not captured', 'a foreign partition');
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''flow'', ''-infinity'', ''infinity'')', '55000', NULL,
    'keeps its table un-built');
DROP FOREIGN TABLE flow_4;
CALL oracle.rebuild();
SELECT pg_temp.agrees('and it is built when the partition is gone');

-- A column that is gone does not come back under the name of another.
ALTER TABLE flow ADD COLUMN other numeric(15,6) NOT NULL DEFAULT 1000;
ALTER TABLE flow DROP COLUMN price_twin;
ALTER TABLE flow RENAME COLUMN other TO another;
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', '55000', NULL,
    'a column that is gone is not replaced by one renamed later');
ALTER TABLE flow RENAME COLUMN another TO price_twin;
SELECT pg_temp.agrees('a column of its name serves');
CALL oracle.rebuild();
SELECT pg_temp.agrees('and is built');

-- A lost trigger: raw from then on, and post_restore puts it back.
DROP TRIGGER reseller_report_capture ON flow;
INSERT INTO flow (id, company_id, occurred_at, billable, price_reseller, price_twin) VALUES (1, 11, '2021-02-05', true, 0, 3);
SELECT pg_temp.agrees('written without a trigger');
SELECT reseller_report.post_restore() \g /dev/null
SELECT pg_temp.agrees('with a new trigger');
INSERT INTO flow (id, company_id, occurred_at, billable, price_reseller, price_twin) VALUES (1, 11, '2021-02-05', true, 0, 3);
CALL oracle.rebuild();
INSERT INTO flow (id, company_id, occurred_at, billable, price_reseller, price_twin) VALUES (1, 12, '2021-02-05', true, 0, 3);
SELECT pg_temp.agrees('rebuilt with a new trigger');
SELECT results_eq('SELECT tgenabled FROM pg_trigger WHERE tgname = ''reseller_report_capture'' AND tgrelid = ''flow''::regclass',
    ARRAY['A'::"char"], 'which is always on');
SELECT * FROM finish();
