-- Sessions side by side: writers wait for nobody, late commits are not lost, folds take turns, old snapshots stay exact.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/sessions.sql
SELECT setseed(0.11) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(60); END $$;
CREATE FUNCTION pg_temp.differences(name text) RETURNS bigint LANGUAGE sql AS $$
    SELECT n FROM dblink(name, 'SELECT count(*) FROM oracle.compare(5, ''2024-03-01'', ''100 days'')') AS t (n bigint)
$$;
SELECT pg_temp.connect('a'), pg_temp.connect('b') \g /dev/null

-- L1: a writer waits for neither a fold nor a dependency change under way, nor for another writer.
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'DO $x$ BEGIN PERFORM reseller_report.materialize(20); END $x$') \g /dev/null
SET lock_timeout = '1ms';
SELECT lives_ok('SELECT random_usage.events(5)', 'a writer does not wait for a fold');
RESET lock_timeout;
SELECT oracle.agrees('beside a fold under way');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT oracle.agrees('after it');
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'DO $x$ BEGIN PERFORM random_usage.changes(); END $x$') \g /dev/null
SET lock_timeout = '1ms';
SELECT lives_ok('SELECT random_usage.events(5)', 'a writer does not wait for a dependency change');
RESET lock_timeout;
SELECT oracle.agrees('beside a dependency change under way');
SELECT is(pg_temp.differences('a'), 0::bigint, 'and inside it');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT oracle.agrees('after the dependency change');

-- L3: a report is of its statement's snapshot alone, also when it is evaluated after a fold.
BEGIN;
DECLARE report CURSOR FOR SELECT * FROM reseller_report.bot(1, '-infinity', 'infinity');
DECLARE truth CURSOR FOR SELECT * FROM oracle.bot(1, '-infinity', 'infinity', false) AS t (id bigint, n text, a bigint, b numeric,
    c numeric);
SELECT dblink_exec('a', 'DO $x$ BEGIN PERFORM random_usage.events(20), random_usage.changes(); END $x$') \g /dev/null
SELECT dblink_exec('a', 'DO $x$ BEGIN PERFORM reseller_report.materialize(); END $x$') \g /dev/null
SELECT results_eq('report'::refcursor, 'truth'::refcursor, 'a cursor that is read after others wrote and folded');
COMMIT;

-- L2: a transaction that commits late is not skipped by the folds before it.
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'DO $x$ BEGIN PERFORM random_usage.events(20); END $x$') \g /dev/null
SELECT random_usage.events(20) \g /dev/null
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'a fold before a late commit');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT oracle.agrees('a late commit');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'is left for the next fold');
SELECT oracle.agrees('and folded');

-- A dependency change while a writer is in flight, who commits after it.
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'DO $x$ BEGIN PERFORM random_usage.events(20); END $x$'),
    dblink_exec('b', 'BEGIN'),
    dblink_exec('b', 'DO $x$ BEGIN FOR c IN 11 .. 30 LOOP PERFORM reseller_report.move_company(c, '
        '1 + (c + 1) % 3, ''2024-02-20 00:00+00''); END LOOP; END $x$') \g /dev/null
SELECT is(pg_temp.differences('a'), 0::bigint, 'the writer beside the move');
SELECT is(pg_temp.differences('b'), 0::bigint, 'the move beside the writer');
SELECT dblink_exec('b', 'COMMIT') \g /dev/null
SELECT oracle.agrees('moved before the writer commits');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT oracle.agrees('the writer commits');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'folded after both');
SELECT oracle.agrees('folded after both');

-- Folds take turns and never fold twice.
SELECT random_usage.events(50), random_usage.changes() \g /dev/null
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'DO $x$ BEGIN PERFORM reseller_report.materialize(30); END $x$') \g /dev/null
SELECT dblink_send_query('b', 'SELECT deltas FROM reseller_report.materialize()') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() > 0'), 'a second fold waits for its turn');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT cmp_ok((SELECT deltas FROM dblink_get_result('b') AS t (deltas bigint)), '>', 0::bigint, 'and folds the rest');
SELECT is_empty('SELECT * FROM dblink_get_result(''b'') AS t (deltas bigint)', 'done');
SELECT is_empty('SELECT FROM reseller_report.usage_delta', 'nothing is left');
SELECT oracle.agrees('folded in turns');

-- An old snapshot stays exact across folds and dependency changes; it may not fold itself.
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'), pg_temp.differences('a') \g /dev/null
SELECT random_usage.events(30), random_usage.changes() \g /dev/null
SELECT * FROM reseller_report.materialize() \g /dev/null
SELECT is(pg_temp.differences('a'), 0::bigint, 'a snapshot from before the fold is exact');
SELECT throws_ok('SELECT dblink_exec(''a'', ''UPDATE reseller_report.dependency SET during = during'')', '40001', NULL,
    'but may not change dependencies');
-- Its snapshot is taken, but it has not touched the table: TRUNCATE need not wait for it.
SELECT dblink_exec('a', 'ROLLBACK'), dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'),
    dblink_exec('a', 'DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
TRUNCATE usage.phone_call;
SELECT is(pg_temp.differences('a'), 0::bigint, 'a snapshot from before a TRUNCATE sees what is left');
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'), dblink_exec('a', 'DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT sum(billable_messages) AS before FROM reseller_report.bot(1, '-infinity', 'infinity') \gset
ALTER TABLE usage.bot_message RENAME TO robot_message;
ALTER TABLE usage.robot_message RENAME COLUMN billable TO paid;
SELECT is((SELECT n FROM dblink('a',
    'SELECT sum(billable_messages) FROM reseller_report.bot(1, ''-infinity'', ''infinity'')') AS t (n numeric)), :before::numeric,
        'a snapshot from before renames finds the table');
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null
ALTER TABLE usage.robot_message RENAME COLUMN paid TO billable;
ALTER TABLE usage.robot_message RENAME TO bot_message;
SELECT oracle.agrees('at the end');
SELECT dblink_disconnect('a'), dblink_disconnect('b') \g /dev/null
SELECT * FROM finish();
