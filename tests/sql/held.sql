-- Maintenance locks what it relies on until it commits, and what changed between its first look and its lock is looked at again.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SELECT setseed(0.21) \g /dev/null
SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'),
    current_database(), current_user) AS here \gset
SELECT dblink_connect('a', :'here'), dblink_connect('b', :'here') \g /dev/null
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (11, 'Eleven', false),
    (12, 'Twelve', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE bots (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE bots_rest PARTITION OF bots DEFAULT;
CREATE INDEX ON bots (company_id, occurred_at);
CREATE INDEX ON bots (occurred_at);
CREATE TABLE plain (LIKE bots INCLUDING ALL);
SELECT reseller_report.attach_source('bot', 'bots'), reseller_report.attach_source('bot', 'plain') \g /dev/null
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:00+00', 1), (12, '2024-01-05 10:00+00', 2),
    (11, '2024-03-05 10:00+00', 4);
SELECT reseller_report.materialize() \g /dev/null
CREATE FUNCTION pg_temp.total() RETURNS numeric LANGUAGE sql AS $$
    SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '-infinity', 'infinity')
$$;
-- A report that summaries answer reads no partition, and yet none may be emptied or dropped before it ends.
BEGIN;
SELECT is(pg_temp.total(), 5::numeric, 'a report');
SELECT results_eq(
    $$SELECT c.oid::regclass::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        WHERE l.pid = pg_backend_pid() AND l.mode = 'AccessShareLock' AND c.relkind = 'r' AND c.relname LIKE 'bots\_%' ORDER BY 1$$,
    $$VALUES ('bots_01'), ('bots_rest')$$, 'holds the partitions until its transaction ends');
COMMIT;
-- Runs a command in session b, which another must hold up for it to be a test: returns whether one does.
CREATE FUNCTION pg_temp.waits(command text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    deadline timestamptz := clock_timestamp() + interval '30 seconds';
BEGIN
    PERFORM dblink_send_query('b', command);
    WHILE clock_timestamp() < deadline AND dblink_is_busy('b') = 1 LOOP
        PERFORM pg_stat_clear_snapshot();
        IF EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
            THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END
$$;
-- How it ended.
CREATE FUNCTION pg_temp.ended() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM * FROM dblink_get_result('b') AS t (x text);
    PERFORM * FROM dblink_get_result('b') AS t (x text);
    RETURN '00000';
EXCEPTION WHEN OTHERS THEN
    PERFORM * FROM dblink_get_result('b') AS t (x text);
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- A slice that is being rebuilt holds its table and every partition: capture cannot be switched off, and writers do not wait.
SELECT dblink_exec('a', 'BEGIN'),
    dblink_exec('a', $$DO 'BEGIN PERFORM reseller_report.rebuild_slice(''bots'', ''-infinity'', ''infinity''), '
        'reseller_report.rebuild_slice(''plain'', ''-infinity'', ''infinity''); END'$$) \g /dev/null
SET lock_timeout = '50ms';
SELECT throws_ok(format('ALTER TABLE %s', what), '55P03', NULL, what || ' waits for a rebuild')
    FROM unnest(ARRAY['bots DISABLE TRIGGER reseller_report_capture', 'ONLY bots DISABLE TRIGGER reseller_report_capture',
        'plain DISABLE TRIGGER reseller_report_capture',
    'bots_01 DISABLE TRIGGER reseller_report_capture', 'bots_rest DISABLE TRIGGER reseller_report_truncated']) what;
SELECT lives_ok($$INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:00+00', 8)$$,
    'a writer does not');
RESET lock_timeout;
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.total(), 13.000000, 'the writer''s row counts once');

-- A rebuild that finds capture off refuses, on the table or on one partition alone; also where it waited for the one who switched
-- it off.
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'ALTER TABLE bots_01 DISABLE TRIGGER reseller_report_capture') \g /dev/null
SELECT ok(pg_temp.waits($$SELECT reseller_report.rebuild_slice('bots', '-infinity', 'infinity')$$),
    'a rebuild waits for who switches capture off');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.ended(), '55000 the capture trigger of table public.bots is off', 'and refuses then');
SELECT reseller_report.post_restore() \g /dev/null
SELECT reseller_report.rebuild_slice('bots', '-infinity', 'infinity') \g /dev/null

-- Prune looks again when it has its lock: what was changed past the trigger meanwhile is not pruned as it was before.
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'ALTER TABLE bots DISABLE TRIGGER reseller_report_capture') \g /dev/null
SELECT dblink_exec('a', $$INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:00+00', 16)$$)
    \g /dev/null
SELECT ok(pg_temp.waits($$SELECT reseller_report.prune('bots', '2024-02-01 00:00+00')$$), 'a prune waits for a writer');
SELECT dblink_exec('a', 'ALTER TABLE bots ENABLE ALWAYS TRIGGER reseller_report_capture'), dblink_exec('a', 'COMMIT') \g /dev/null
SELECT matches(pg_temp.ended(), '^(40001 usage of table public.bots was changed past its trigger while it was pruned|0A000 )',
    'and refuses what was changed past the trigger meanwhile');
SELECT is(pg_temp.total(), 29.000000, 'nothing is lost');
SELECT reseller_report.rebuild_slice('bots', '-infinity', 'infinity') \g /dev/null
-- Also what changes a partition amid its work: here it has read which days are built, and waits to read who belongs to whom.
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'LOCK TABLE reseller_report.dependency IN ACCESS EXCLUSIVE MODE') \g /dev/null
SELECT ok(pg_temp.waits($$SELECT reseller_report.prune('bots', '2024-02-01 00:00+00')$$), 'a prune waits amid its work');
ALTER TABLE bots_01 DISABLE TRIGGER reseller_report_capture;
INSERT INTO bots_01 (company_id, occurred_at, price_twin) VALUES (11, '2024-01-06 10:00+00', 1000);
ALTER TABLE bots_01 ENABLE ALWAYS TRIGGER reseller_report_capture;
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.ended(), '40001 usage of table public.bots was changed past its trigger while it was pruned',
    'and refuses what came past the trigger amid it');
SELECT is(pg_temp.total(), 1029.000000, 'nothing is lost there either');
DELETE FROM bots_01 WHERE price_twin = 1000;
SELECT reseller_report.rebuild_slice('bots', '-infinity', 'infinity') \g /dev/null
-- What came through the trigger meanwhile is pruned with the rest.
SELECT dblink_exec('a', 'BEGIN'),
    dblink_exec('a', $$INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:00+00', 32),
        (12, '2024-01-05 10:00+00', 64)$$) \g /dev/null
SELECT ok(pg_temp.waits($$SELECT reseller_report.prune('bots', '2024-02-01 00:00+00')$$),
    'a prune waits for a writer whose rows it does not see');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.ended(), '00000', 'and prunes');
SELECT is(pg_temp.total(), 61.000000, 'its rows count on');
SELECT is((SELECT horizon FROM reseller_report.sources() WHERE source = 'bots'::regclass), '2024-02-01 00:00+00'::timestamptz,
    'the horizon is there');
INSERT INTO reseller_report.dependency VALUES (1, 12);
SELECT is(pg_temp.total(), 127.000000, 'those of a company of nobody, too, once it has a reseller');
SELECT is_empty($$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$$, 'verified');
SELECT reseller_report.materialize() \g /dev/null
SELECT is(pg_temp.total(), 127.000000, 'folded');

-- A second create_partitions waits for the first, and makes nothing twice.
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-05-05 10:00+00', 128);
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', $$DO 'BEGIN PERFORM reseller_report.create_partitions(''0'', ''bots''); END'$$)
    \g /dev/null
SELECT ok(pg_temp.waits($$SELECT count(*)::text FROM reseller_report.create_partitions('0', 'bots')$$),
    'a second create_partitions waits');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT string_agg(x, '') FROM dblink_get_result('b') AS t (x text)), '0', 'and makes nothing twice');
SELECT * FROM dblink_get_result('b') AS t (x text) \g /dev/null
SELECT is(pg_temp.total(), 255.000000, 'moved rows count once');
-- A service that comes to the table while create_partitions waits for it knows the partitions as the others do.
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-06-05 10:00+00', 256);
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', $$DO 'BEGIN PERFORM reseller_report.attach_source(''chat'', ''bots'',
    ''{"sender": {"value": "bot"}, "via_alice": {"value": false}}''); END'$$) \g /dev/null
SELECT ok(pg_temp.waits($$SELECT count(*)::text FROM reseller_report.create_partitions('0', 'bots')$$),
    'create_partitions waits for a service to be attached');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT string_agg(x, '') FROM dblink_get_result('b') AS t (x text)), '1', 'and makes a partition');
SELECT is_empty($$SELECT l.table_name FROM reseller_report.source s JOIN reseller_report.source_leaf l ON l.source = s.id
    WHERE s.table_name = 'bots' GROUP BY 1 HAVING count(*) <> 2$$, 'both services know all partitions');
SELECT dblink_disconnect('a'), dblink_disconnect('b') \g /dev/null
SELECT * FROM finish();
