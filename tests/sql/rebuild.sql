-- Rebuild seeds and mends: exact at any point, beside writers, in any mix of built and un-built days.
SELECT no_plan();
SELECT setseed(0.6) \g /dev/null
SET client_min_messages = error;
SELECT reseller_report.detach_source(format('usage.%s', t)::regclass)
    FROM unnest(ARRAY['text_message', 'chat_message', 'phone_call', 'bot_message']) t \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(300); END $$;
SELECT reseller_report.attach_source(s, format('usage.%s', t)::regclass)
    FROM (VALUES ('text_messaging', 'text_message'), ('chat', 'chat_message'), ('telephony', 'phone_call'),
        ('bot', 'bot_message')) v (s, t) \g /dev/null
SELECT oracle.agrees('attached with rows, nothing built');
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(20); END $$;
SELECT oracle.agrees('changed, nothing built');
SELECT is((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'deltas of days not built wait');

SELECT reseller_report.rebuild_slice('usage.text_message', '2024-02-10 00:00+00', '2024-03-05 00:00+00') \g /dev/null
SELECT oracle.agrees('some days built');
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(20); END $$;
SELECT oracle.agrees('some days built, changed');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'deltas of built days are folded');
SELECT oracle.agrees('some days built, folded');

CALL reseller_report.rebuild('usage.text_message');
CALL reseller_report.rebuild('usage.chat_message');
CALL reseller_report.rebuild('usage.phone_call', '2024-01-01 05:00+00', '2024-03-01 17:00+00');
SELECT is((SELECT count(*) FROM unnest((SELECT unbuilt_sources FROM reseller_report.materializer_state)) u WHERE u ~ 'text|chat'),
    0::bigint, 'a rebuilt source is built for all time');
SELECT oracle.agrees('rebuilt by the procedure');
CALL reseller_report.rebuild('usage.phone_call');
CALL reseller_report.rebuild('usage.bot_message');
SELECT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), '{}', 'all built');
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(20); PERFORM reseller_report.materialize(300); END $$;
SELECT oracle.agrees('all built, half folded');

-- What neighbouring ranges cover together is built, and what lies between them is not.
CALL reseller_report.rebuild('usage.text_message', '2024-02-10 00:00+00', '2024-02-12 00:00+00');
SELECT reseller_report.rebuild_slice('usage.text_message', '2024-02-20 00:00+00', '2024-02-21 00:00+00') \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM reseller_report.source_built b, reseller_report.source s
    WHERE b.source = s.id AND s.table_name = 'text_message'), '>', 2::bigint, 'there are several ranges');
SELECT is_empty('SELECT * FROM reseller_report.rebuild_slices(''usage.text_message'', only_unbuilt => true)',
    'nothing is left of days rebuilt in parts');
SELECT is_empty('SELECT * FROM reseller_report.rebuild_slices(''usage.text_message'', ''2024-02-11 00:00+00'',
    ''2024-02-20 12:00+00'', true)', 'nor of a period that begins and ends within ranges');
SELECT reseller_report._unbuild(id, '2024-02-12 00:00+00', '2024-02-13 00:00+00', 'a test') FROM reseller_report.source
    WHERE table_name = 'text_message' \g /dev/null
SELECT results_eq('SELECT slice_from <= ''2024-02-12 00:00+00'' AND slice_to >= ''2024-02-13 00:00+00''
    FROM reseller_report.rebuild_slices(''usage.text_message'', only_unbuilt => true)', 'VALUES (true)', 'a day un-built is left');
CALL reseller_report.rebuild('usage.text_message', '2024-02-12 00:00+00', '2024-02-13 00:00+00');
SELECT is_empty('SELECT * FROM reseller_report.rebuild_slices(''usage.text_message'', only_unbuilt => true)', 'until it is built');
BEGIN;
DELETE FROM reseller_report.source_built b USING reseller_report.source s
    WHERE b.source = s.id AND s.table_name = 'text_message' AND b.built_to = '2024-02-21 00:00+00';
SELECT is((SELECT count(*) FROM reseller_report.rebuild_slices('usage.text_message', only_unbuilt => true)), 1::bigint,
    'a slice that ranges cover in part is left');
ROLLBACK;

-- A corruption put in by hand, of each level and each kind, is mended.
CREATE FUNCTION pg_temp.mended(corruption text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE corruption;
    PERFORM reseller_report.rebuild_slice(format('%I.%I', schema_name, table_name)::regclass, '-infinity', 'infinity')
        FROM reseller_report.source;
    RETURN NEXT oracle.agrees(corruption);
    RETURN NEXT is_empty($q$
        SELECT source, reseller_id, item, date_trunc('month', bucket, 'UTC') AS bucket, sum(total)
            FROM (SELECT *, (SELECT sum(e) FROM unnest(events) e) AS total FROM reseller_report.usage_quarter) q GROUP BY 1, 2, 3, 4
        EXCEPT SELECT source, reseller_id, item, bucket, (SELECT sum(e) FROM unnest(events) e) FROM reseller_report.usage_month$q$,
            'months add up');
END
$$;
SELECT pg_temp.mended(format(corruption, level)) FROM unnest(ARRAY['quarter', 'hour', 'day', 'month', 'year']) level,
    unnest(ARRAY['UPDATE reseller_report.usage_%s SET price_twin = events WHERE events IS NOT NULL',
        'DELETE FROM reseller_report.usage_%s WHERE item = 1',
        'UPDATE reseller_report.usage_%s SET reseller_id = reseller_id + 70 WHERE item = 2']) corruption;

SELECT throws_ok(format('SELECT reseller_report.rebuild_slice(%s)', arguments), state, message, message) FROM (VALUES
    ('NULL, now(), now()', '22004', 'source and period must not be NULL'),
    ('''usage.text_message'', ''2024-03-01 00:00+00'', ''2024-03-01 00:00+00''', '22023', 'the period must end after it begins'),
    ('''usage.text_message'', ''2024-03-01 01:00+00'', ''2024-03-02 00:00+00''', '22023',
        'a rebuilt period must begin and end at midnight UTC'),
    ('''pg_class'', ''2024-03-01 00:00+00'', ''2024-03-02 00:00+00''', '42704',
        'table "pg_class" is not connected')) AS bad (arguments, state, message);

-- In the transaction that writes, and in its savepoints.
BEGIN;
DO $$ BEGIN PERFORM random_usage.events(10); END $$;
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null
SELECT oracle.agrees('rebuilt inside the writing transaction');
DO $$ BEGIN PERFORM random_usage.changes(); END $$;
SELECT oracle.agrees('and changed and moved after it');
SAVEPOINT a;
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''usage.text_message'', ''-infinity'', ''infinity'')', '55000',
    'a slice cannot be rebuilt in a savepoint whose parents have changed usage',
        'not in a savepoint whose parents have changed usage');
COMMIT;
SELECT oracle.agrees('committed');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'folded at last');
SELECT oracle.agrees('folded at last');

-- Rows that the transaction wrote before it connected their table were not captured.
BEGIN;
CREATE TABLE own (LIKE usage.bot_message INCLUDING DEFAULTS);
INSERT INTO own (company_id, occurred_at, price_twin) SELECT 11 + n, '2024-03-01 00:00+00', 1 FROM generate_series(0, 19) n;
SELECT reseller_report.attach_source('bot', 'own') \g /dev/null
SAVEPOINT a;
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''own'', ''-infinity'', ''infinity'')', '55000',
    'table public.own has rows of this transaction that were not captured', 'rows from before attaching, in the same transaction');
ROLLBACK TO a;
DELETE FROM reseller_report.dependency;
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''own'', ''-infinity'', ''infinity'')', '55000', NULL,
    'also of companies that have no reseller yet');
ROLLBACK TO a;
INSERT INTO own (company_id, occurred_at, price_twin) VALUES (11, '2024-03-02 00:00+00', 1);
SELECT isnt_empty('SELECT reseller_report.rebuild_slice(''own'', ''2024-03-02 00:00+00'', ''2024-03-03 00:00+00'')',
    'days that hold none can be built');
ROLLBACK;

-- Beside a writer in flight, whose raw rows and delta the slice does not see.
CREATE EXTENSION dblink;
SELECT dblink_connect('a', format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'),
    current_setting('port'), current_database(), current_user)) \g /dev/null
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'DO $x$ BEGIN PERFORM random_usage.events(20); END $x$') \g /dev/null
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null
SELECT oracle.agrees('rebuilt beside a writer');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT oracle.agrees('the writer commits');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'its delta is folded');
SELECT oracle.agrees('and folded');
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'), dblink_exec('a', 'DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT n FROM dblink('a', 'SELECT count(*) FROM oracle.compare(5, ''2024-03-01'', ''100 days'')') AS t (n bigint)),
    0::bigint, 'an older snapshot stays exact');
SELECT throws_ok('SELECT dblink_exec(''a'', ''DO $x$ BEGIN PERFORM '
    'reseller_report.rebuild_slice(''''usage.text_message'''', ''''-infinity'''', ''''infinity''''); END $x$'')', '40001', NULL,
        'and may not rebuild');

-- Nor may one that truncated what it does not see.
SELECT dblink_exec('a', 'ROLLBACK'), dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'),
    dblink_exec('a', 'DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT 11 + n, '2024-03-02 00:00+00', 1
    FROM generate_series(0, 19) n;
SELECT dblink_exec('a', 'TRUNCATE usage.bot_message'), dblink_exec('a', 'SAVEPOINT a') \g /dev/null
SELECT throws_ok('SELECT dblink_exec(''a'', ''DO $x$ BEGIN PERFORM '
    'reseller_report.rebuild_slice(''''usage.bot_message'''', ''''-infinity'''', ''''infinity''''); END $x$'')', '55000',
    'table usage.bot_message was un-built after this transaction took its snapshot',
        'deltas of truncated rows that an older snapshot does not see');
SELECT dblink_exec('a', 'ROLLBACK TO a'), dblink_exec('a', 'COMMIT') \g /dev/null
SELECT reseller_report.rebuild_slice('usage.bot_message', '-infinity', 'infinity') \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
SELECT oracle.agrees('truncated under an older snapshot and rebuilt after it');
SELECT dblink_disconnect('a') \g /dev/null
SELECT throws_ok(call, '22004', NULL, call)
    FROM (VALUES ('CALL reseller_report.rebuild(NULL)'), ('SELECT * FROM reseller_report.rebuild_slices(NULL)')) AS v (call);

-- A partitioned table in the midst of others holds no rows, so no crash can empty it: it may be unlogged, up to PostgreSQL 17.
SELECT current_setting('server_version_num')::int < 180000 AS has_unlogged_parents \gset
\if :has_unlogged_parents
    CREATE TABLE tree (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
    CREATE UNLOGGED TABLE tree_2024 PARTITION OF tree FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00')
        PARTITION BY RANGE (occurred_at);
    CREATE TABLE tree_2024_all PARTITION OF tree_2024 DEFAULT;
    SELECT reseller_report.attach_source('bot', 'tree') \g /dev/null
    INSERT INTO tree (id, company_id, occurred_at, price_twin) VALUES (1, 11, '2024-03-02 00:00+00', 1);
    TRUNCATE tree;
    INSERT INTO tree (id, company_id, occurred_at, price_twin) VALUES (2, 11, '2024-03-02 00:00+00', 2);
    SELECT lives_ok($$SELECT reseller_report.rebuild_slice('tree', '2024-03-02 00:00+00', '2024-03-03 00:00+00')$$,
        'a table whose partitions lie in an unlogged one is rebuilt');
    SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'tree'::regclass), false, 'and its other days wait');
    SELECT is_empty($$SELECT * FROM reseller_report.verify('2024-03-02 00:00+00', '2024-03-03 00:00+00', 'bot')$$,
        'with the right figures');
\endif
SELECT * FROM finish();
