-- While DETACH PARTITION ... CONCURRENTLY is pending, the partition is a table of its own: what is written to it is not usage, also
-- by a session that wrote to it before, and it is not prune's to drop.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
DELETE FROM reseller_report.dependency WHERE company_id = 12;
SELECT pg_temp.connect(name) FROM unnest('{reader,writer,detacher}'::text[]) name \g /dev/null

-- A check that implies the partition's bounds keeps the server from touching it at all.
CREATE TABLE bots (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, price_twin numeric(15,6),
    price_reseller numeric(15,6)) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_1 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE bots_2 PARTITION OF bots FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
ALTER TABLE bots_2 ADD CHECK (occurred_at IS NOT NULL AND occurred_at >= '2024-02-01 00:00+00'
    AND occurred_at < '2024-03-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-01-05', true, 1, 0), (11, '2024-02-05', true, 1, 0), (11, '2024-02-06', true, 1, 0);
SELECT dblink_exec('writer', 'UPDATE bots_2 SET price_twin = 2 WHERE occurred_at < ''2024-02-06''') \g /dev/null
-- A reader of the table keeps the command from its end; cancelled, it leaves the partition pending.
SELECT dblink_exec('reader', 'BEGIN'), dblink_exec('reader', 'LOCK TABLE bots IN ACCESS SHARE MODE') \g /dev/null
SELECT dblink_send_query('detacher', 'ALTER TABLE bots DETACH PARTITION bots_2 CONCURRENTLY') \g /dev/null
SELECT ok(pg_temp.until('EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)'), 'the partition is pending');
SELECT dblink_cancel_query('detacher'), pg_temp.state_of_sent('detacher'), dblink_exec('reader', 'COMMIT') \g /dev/null
CALL reseller_report.rebuild('bots');
SELECT dblink_exec('writer', 'DELETE FROM bots_2') \g /dev/null
SELECT is((SELECT billable_messages FROM reseller_report.bot(1, '-infinity', 'infinity')), 1::bigint,
    'deleting what is no usage any more takes nothing from a report');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')',
    'verify finds nothing while a DETACH is pending');
SELECT pg_temp.gone('bots, bots_2') \g /dev/null

-- Writing to it is possible, and counts for nobody.
CREATE TABLE flow (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE flow_1 PARTITION OF flow FOR VALUES FROM ('2021-01-01 00:00+00') TO ('2021-02-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'flow') \g /dev/null
INSERT INTO flow (company_id, occurred_at, price_twin) VALUES (11, '2021-01-05', 5);
SELECT dblink_exec('reader',
    'BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE flow IN ACCESS SHARE MODE; DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT dblink_exec('detacher', 'SET statement_timeout = ''3s''') \g /dev/null
SELECT dblink_send_query('detacher', 'ALTER TABLE flow DETACH PARTITION flow_1 CONCURRENTLY') \g /dev/null
SELECT ok(pg_temp.until('NOT dblink_is_busy(''detacher'')::boolean AND EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)'),
    'a DETACH is cancelled half way');
SELECT is(pg_temp.state_of_sent('detacher'), '57014', 'its statement_timeout cancels it');
SELECT dblink_exec('reader', 'COMMIT') \g /dev/null
SELECT lives_ok('INSERT INTO flow_1 (company_id, occurred_at, price_twin) VALUES (11, ''2021-01-06'', 7)',
    'the partition can be written to');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2021-01-01', '2022-01-01') WHERE id = 11), 0.0,
    'what is written to it counts for nobody');
ALTER TABLE flow DETACH PARTITION flow_1 FINALIZE;
SELECT reseller_report.rebuild_slice('flow', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2021-01-01', '2022-01-01') WHERE id = 11), 0.0,
    'nor does it count when the DETACH is finalized and the table rebuilt');
SELECT dblink_exec('detacher', 'RESET statement_timeout') \g /dev/null
SELECT pg_temp.gone('flow, flow_1') \g /dev/null

-- It is neither prunable nor pruned.
SELECT pg_temp.parted('bots') \g /dev/null
CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
CREATE TABLE bots_2024_04 PARTITION OF bots FOR VALUES FROM ('2024-04-01 00:00+00') TO ('2024-05-01 00:00+00');
SELECT pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3), (11, '2024-04-05', true, 100, 3);
SELECT reseller_report.materialize() \g /dev/null
SELECT dblink_exec('reader', 'BEGIN; LOCK TABLE bots IN ACCESS SHARE MODE; DO $x$ BEGIN PERFORM * FROM bots; END $x$') \g /dev/null
SELECT pid AS detacher FROM dblink('detacher', 'SELECT pg_backend_pid()') AS t (pid int) \gset
SELECT dblink_send_query('detacher', 'ALTER TABLE bots DETACH PARTITION bots_2024_03 CONCURRENTLY') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1 AND EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)'),
    'a DETACH waits in its midst');
SELECT pg_cancel_backend(:detacher) \g /dev/null
SELECT is(pg_temp.state_of_sent('detacher'), '57014', 'the DETACH is cut short');
SELECT dblink_exec('reader', 'COMMIT') \g /dev/null
SELECT ok(pg_temp.state('reader',
    'DO $x$ BEGIN PERFORM reseller_report.prune(''bots'', ''2024-04-01 00:00+00''); END $x$') IN ('00000', '0A000'),
    'prune finds nothing, or refuses days not built');
SELECT is((SELECT array_agg(price_twin) FROM bots_2024_03), ARRAY[10]::numeric[], 'prune leaves its rows alone');
SELECT pg_temp.right('a DETACH cut short', 'bots');
SELECT reseller_report.rebuild_slice('bots', '-infinity', 'infinity') \g /dev/null
SELECT is_empty('SELECT * FROM reseller_report.prunable(''bots'', ''2024-04-01 00:00+00'')',
    'rebuilt, a partition half detached is not prunable');
SELECT is_empty('SELECT * FROM reseller_report.prune(''bots'', ''2024-04-01 00:00+00'')',
    'a partition half detached is not pruned');
SELECT is((SELECT array_agg(price_twin) FROM bots_2024_03), ARRAY[10]::numeric[], 'a partition half detached keeps its rows');
SELECT pg_temp.right('not pruned', 'bots');
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.prunable(''bots'', ''2024-05-01 00:00+00'')',
    $$VALUES (timestamptz '2024-04-01 00:00+00', timestamptz '2024-05-01 00:00+00')$$, 'its neighbour is prunable');
ALTER TABLE bots DETACH PARTITION bots_2024_03 FINALIZE;
SELECT pg_temp.right('finalized', 'bots');
SELECT pg_temp.gone('bots, bots_2024_03') \g /dev/null
SELECT dblink_disconnect(name) FROM unnest('{reader,writer,detacher}'::text[]) name \g /dev/null
SELECT * FROM finish();
