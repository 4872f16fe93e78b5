-- Found by attack, sessions side by side: DDL under a snapshot older than another session's DDL, rows that were frozen or deleted beside
-- an older snapshot, locks of tables that have nothing to do with each other, a DETACH that was cut short. A statement that cannot follow
-- from where its snapshot stands may be refused with 40001 and tried again; in the end everything is right, and nothing is lost silently.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SET statement_timeout = '60s';
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'R1', true), (2, 'R2', true), (11, 'C11', false), (12, 'C12', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (1, 12);

CREATE FUNCTION pg_temp.connect(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_connect(name, format('host=%s port=%s dbname=%s user=%s options=''-c statement_timeout=50s -c client_min_messages=error''',
        current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user));
END
$$;
CREATE FUNCTION pg_temp.until(condition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    deadline CONSTANT timestamptz := clock_timestamp() + interval '30 seconds';
    reached boolean := false;
BEGIN
    WHILE NOT reached AND clock_timestamp() < deadline LOOP
        PERFORM pg_stat_clear_snapshot();
        EXECUTE 'SELECT ' || condition INTO reached;
    END LOOP;
    RETURN reached;
END
$$;
CREATE FUNCTION pg_temp.waiting() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
$$;
-- How what was sent to a session ends.
CREATE FUNCTION pg_temp.state_of_sent(session text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text := '00000';
    done boolean := false;
BEGIN
    WHILE NOT done LOOP
        BEGIN
            PERFORM * FROM dblink_get_result(session) AS t (status text);
            done := NOT FOUND;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            state := SQLSTATE;
        END;
    END LOOP;
    RETURN state;
END
$$;
-- A transaction that has its snapshot; and the end of it: the commands succeed, or one is refused with 40001 and all of them succeed in
-- another transaction, so that what is true in the end is the same.
CREATE FUNCTION pg_temp.snapshot(session text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(session, 'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $x$ BEGIN PERFORM 1; END $x$')
$$;
CREATE FUNCTION pg_temp.ends(session text, label text, VARIADIC commands text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    command text;
    state text;
BEGIN
    FOREACH command IN ARRAY commands || 'COMMIT'::text LOOP
        state := pg_temp.state(session, command);
        EXIT WHEN state <> '00000';
    END LOOP;
    IF state <> '00000' THEN
        PERFORM dblink_exec(session, 'ROLLBACK');
    END IF;
    IF state = '40001' THEN
        state := pg_temp.state(session, 'BEGIN; ' || array_to_string(commands, '; ') || '; COMMIT');
        IF state <> '00000' THEN
            PERFORM dblink_exec(session, 'ROLLBACK');
            state := state || ' when tried again';
        END IF;
    END IF;
    RETURN is(state, '00000', label || ': done, if need be when tried again');
END
$$;

\ir ../lib/bots.sql
-- Once rebuilt, too; and what would un-build is noticed.
CREATE FUNCTION pg_temp.right_and_watched(label text, root regclass, leaf regclass DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT pg_temp.right(label, root::text);
    PERFORM reseller_report.rebuild_slice(root, '-infinity', 'infinity');
    RETURN NEXT is(pg_temp.is_built(root), true, label || ': rebuilt');
    EXECUTE format('INSERT INTO %s (company_id, occurred_at, price_twin) VALUES (11, ''2024-01-05 10:07+00'', 1000)', root);
    RETURN QUERY SELECT pg_temp.right(label || ': rebuilt and written to', root::text);
    EXECUTE format('TRUNCATE %s', coalesce(leaf, root));
    RETURN NEXT is(pg_temp.is_built(root), false, label || ': TRUNCATE is noticed');
    RETURN QUERY SELECT pg_temp.right(label || ': truncated', root::text);
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT fail(label || ': rebuilt and truncated') || E'\n' || diag(SQLSTATE || ' ' || SQLERRM);
END
$$;

-- A table fit for the bot service, plain or partitioned with a default partition, connected or not yet.
CREATE FUNCTION pg_temp.plain(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, price_twin numeric(15,6) DEFAULT 0,'
        ' price_reseller numeric(15,6) DEFAULT 0)', name);
END
$$;
CREATE FUNCTION pg_temp.parted(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, price_twin numeric(15,6) DEFAULT 0,'
        ' price_reseller numeric(15,6) DEFAULT 0) PARTITION BY RANGE (occurred_at)', name);
END
$$;
CREATE FUNCTION pg_temp.attach(name text) RETURNS void LANGUAGE sql AS $$ SELECT reseller_report.attach_source('bot', name::regclass) $$;
CREATE FUNCTION pg_temp.gone(tables text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DROP TABLE ' || tables || ' CASCADE';
    PERFORM reseller_report.materialize();
    UPDATE reseller_report.dependency SET reseller_id = 1 WHERE reseller_id <> 1;
END
$$;
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null

-- Rows that are frozen are seen by snapshots from before they were written; a company moved under one takes them along, or does not move.
SELECT pg_temp.parted('bots'), pg_temp.attach('bots') \g /dev/null
SELECT pg_temp.snapshot('a') \g /dev/null
BEGIN;
CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,10,3' WITH (FREEZE, FORMAT csv);
COMMIT;
SELECT is((SELECT said FROM dblink('a', 'SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, ''-infinity'', ''infinity'')') AS t (said numeric)),
    (SELECT truth FROM dblink('a', 'SELECT sum(price_twin) FROM bots') AS t (truth numeric)), 'frozen rows in an older snapshot');
SELECT pg_temp.ends('a', 'a company moved under a snapshot older than frozen rows',
    'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
SELECT pg_temp.right('a company moved under a snapshot older than frozen rows', 'bots');
SELECT pg_temp.snapshot('a') \g /dev/null
BEGIN;
TRUNCATE bots_2024_03;
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:22+00,t,100,30' WITH (FREEZE, FORMAT csv);
COMMIT;
SELECT pg_temp.ends('a', 'a company moved under a snapshot older than a TRUNCATE and frozen rows',
    'UPDATE reseller_report.dependency SET reseller_id = 1 WHERE company_id = 11');
SELECT pg_temp.right('a company moved under a snapshot older than a TRUNCATE and frozen rows', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- A table emptied by DELETE and then attached still has its rows in older snapshots.
SELECT pg_temp.parted('bots'), pg_temp.attach('bots') \g /dev/null
CREATE TABLE bots_2024_03 (LIKE bots INCLUDING ALL);
INSERT INTO bots_2024_03 VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.snapshot('a') \g /dev/null
DELETE FROM bots_2024_03;
ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
SELECT is((SELECT said FROM dblink('a', 'SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, ''-infinity'', ''infinity'')') AS t (said numeric)),
    (SELECT truth FROM dblink('a', 'SELECT sum(price_twin) FROM bots') AS t (truth numeric)), 'a partition emptied by DELETE in an older snapshot');
SELECT pg_temp.ends('a', 'a company moved under a snapshot older than the DELETE', 'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
SELECT pg_temp.right('a company moved under a snapshot older than the DELETE', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- In READ COMMITTED a move's snapshot is older, too, when it had to wait for a lock on another table: of the two tables connected, the
-- first is locked while a partition is loaded into or attached to the second.
CREATE FUNCTION pg_temp.while_a_move_waits(label text, VARIADIC commands text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    PERFORM dblink_exec('c', 'BEGIN; LOCK TABLE earlier IN ACCESS EXCLUSIVE MODE');
    PERFORM dblink_send_query('a', 'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
    RETURN NEXT ok(pg_temp.until('pg_temp.waiting() = 1 OR NOT dblink_is_busy(''a'')::boolean'), label || ': a move waits, or needs not');
    PERFORM dblink_send_query('b', array_to_string(commands, '; '));
    RETURN NEXT ok(pg_temp.until('NOT dblink_is_busy(''b'')::boolean OR pg_temp.waiting() = 2'), label || ': goes on, or waits for the move');
    PERFORM dblink_exec('c', 'COMMIT');
    state := pg_temp.state_of_sent('b');
    IF state = '40001' THEN
        state := pg_temp.state('b', array_to_string(commands, '; '));
    END IF;
    RETURN NEXT is(state, '00000', label || ': done, if need be when tried again');
    state := pg_temp.state_of_sent('a');
    IF state = '40001' THEN
        state := pg_temp.state('a', 'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
    END IF;
    RETURN NEXT is(state, '00000', label || ': the company moves, if need be when tried again');
END
$$;
DROP SCHEMA usage CASCADE;
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.plain('earlier'), pg_temp.attach('earlier') \g /dev/null
SELECT pg_temp.parted('bots'), pg_temp.attach('bots') \g /dev/null
SELECT pg_temp.while_a_move_waits('frozen rows beside a move that waits',
    'CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM (''2024-03-01 00:00+00'') TO (''2024-04-01 00:00+00'')',
    'COPY bots_2024_03 FROM PROGRAM ''echo 11,2024-03-05 10:07+00,t,10,3'' WITH (FREEZE, FORMAT csv)');
SELECT pg_temp.right('frozen rows beside a move that waits', 'bots');
UPDATE reseller_report.dependency SET reseller_id = 1;
CREATE TABLE bots_2024_04 (LIKE bots INCLUDING ALL);
INSERT INTO bots_2024_04 VALUES (11, '2024-04-05 10:07+00', true, 100, 30);
SELECT pg_temp.while_a_move_waits('a table emptied and attached beside a move that waits', 'DELETE FROM bots_2024_04',
    'ALTER TABLE bots ATTACH PARTITION bots_2024_04 FOR VALUES FROM (''2024-04-01 00:00+00'') TO (''2024-05-01 00:00+00'')');
SELECT pg_temp.right('a table emptied and attached beside a move that waits', 'bots');
UPDATE reseller_report.dependency SET reseller_id = 1;
CREATE TABLE bots_2024_05 (LIKE bots INCLUDING ALL);
INSERT INTO bots_2024_05 VALUES (11, '2024-05-05 10:07+00', true, 100, 30), (11, '2024-05-05 10:07+00', true, 1000, 300);
SELECT pg_temp.while_a_move_waits('a table attached with rows beside a move that waits', 'DELETE FROM bots_2024_05 WHERE price_twin = 100',
    'ALTER TABLE bots ATTACH PARTITION bots_2024_05 FOR VALUES FROM (''2024-05-01 00:00+00'') TO (''2024-06-01 00:00+00'')');
SELECT pg_temp.right('a table attached with rows beside a move that waits', 'bots');
SELECT pg_temp.gone('bots, earlier') \g /dev/null
SELECT reseller_report.create_usage_tables() \g /dev/null

-- TRUNCATE and DDL wait only for their own tables.
SELECT dblink_exec('a', 'BEGIN; TRUNCATE usage.bot_message'), dblink_exec('b', 'BEGIN'), dblink_exec('b', 'SET LOCAL lock_timeout = ''2s''') \g /dev/null
SELECT is(pg_temp.state('b', 'TRUNCATE usage.text_message'), '00000', 'TRUNCATE of one table beside that of another');
SELECT dblink_exec('a', 'SET LOCAL lock_timeout = ''2s''') \g /dev/null
SELECT is(pg_temp.state('a', 'TRUNCATE usage.chat_message'), '00000', 'and of a third in the first''s transaction');
SELECT is(pg_temp.state('b', 'TRUNCATE usage.phone_call'), '00000', 'and of a fourth in the second''s: nobody waits for nobody');
SELECT dblink_exec('a', 'ROLLBACK'), dblink_exec('b', 'ROLLBACK') \g /dev/null
CREATE TABLE log (at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE log_rest PARTITION OF log DEFAULT;
SELECT dblink_exec('c', 'BEGIN; LOCK TABLE log IN ACCESS EXCLUSIVE MODE') \g /dev/null
SET lock_timeout = '2s';
SELECT lives_ok('TRUNCATE usage.bot_message_default', 'TRUNCATE of a partition beside a lock on a partitioned table that was never connected');
SELECT lives_ok('CREATE TABLE unrelated (a int)', 'and CREATE TABLE');
SELECT dblink_exec('c', 'COMMIT; BEGIN; LOCK TABLE usage.text_message IN ACCESS EXCLUSIVE MODE') \g /dev/null
SELECT lives_ok('TRUNCATE usage.bot_message_default', 'TRUNCATE of a partition beside a lock on another connected table');
SELECT lives_ok('CREATE TABLE usage.bot_message_2021_03 PARTITION OF usage.bot_message FOR VALUES FROM (''2021-03-01 00:00+00'') TO (''2021-04-01 00:00+00'')',
    'a new partition');
SELECT lives_ok('ALTER TABLE usage.bot_message ADD COLUMN note text', 'a new column');
SELECT lives_ok('DROP TABLE unrelated', 'DROP TABLE');
SELECT lives_ok('SELECT reseller_report.bot(1, ''-infinity'', ''infinity'')', 'and a report of another service');
RESET lock_timeout;
SELECT dblink_exec('c', 'COMMIT') \g /dev/null
SELECT reseller_report.rebuild_slice('usage.bot_message', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.right('after all that', 'usage.bot_message');
DROP TABLE log;

-- A partition whose DETACH ... CONCURRENTLY was cut short is nobody's, and not prune's to drop.
SELECT pg_temp.parted('bots') \g /dev/null
CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
CREATE TABLE bots_2024_04 PARTITION OF bots FOR VALUES FROM ('2024-04-01 00:00+00') TO ('2024-05-01 00:00+00');
SELECT pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3), (11, '2024-04-05', true, 100, 3);
SELECT reseller_report.materialize() \g /dev/null
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE bots IN ACCESS SHARE MODE; DO $x$ BEGIN PERFORM * FROM bots; END $x$') \g /dev/null
SELECT pid AS detacher FROM dblink('b', 'SELECT pg_backend_pid()') AS t (pid int) \gset
SELECT dblink_send_query('b', 'ALTER TABLE bots DETACH PARTITION bots_2024_03 CONCURRENTLY') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1 AND EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)'), 'a DETACH waits in its midst');
SELECT pg_cancel_backend(:detacher) \g /dev/null
SELECT is(pg_temp.state_of_sent('b'), '57014', 'and is cut short');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT ok(pg_temp.state('a', 'DO $x$ BEGIN PERFORM reseller_report.prune(''bots'', ''2024-04-01 00:00+00''); END $x$') IN ('00000', '0A000'),
    'prune finds nothing, or refuses days not built');
SELECT is((SELECT array_agg(price_twin) FROM bots_2024_03), ARRAY[10]::numeric[], 'prune leaves its rows alone');
SELECT pg_temp.right('a DETACH cut short', 'bots');
SELECT reseller_report.rebuild_slice('bots', '-infinity', 'infinity') \g /dev/null
SELECT is_empty('SELECT * FROM reseller_report.prunable(''bots'', ''2024-04-01 00:00+00'')', 'rebuilt, a partition half detached is not prunable');
SELECT is_empty('SELECT * FROM reseller_report.prune(''bots'', ''2024-04-01 00:00+00'')', 'nor pruned');
SELECT is((SELECT array_agg(price_twin) FROM bots_2024_03), ARRAY[10]::numeric[], 'and keeps its rows');
SELECT pg_temp.right('not pruned', 'bots');
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.prunable(''bots'', ''2024-05-01 00:00+00'')',
    $$VALUES (timestamptz '2024-04-01 00:00+00', timestamptz '2024-05-01 00:00+00')$$, 'its neighbour is prunable');
ALTER TABLE bots DETACH PARTITION bots_2024_03 FINALIZE;
SELECT pg_temp.right('finalized', 'bots');
SELECT pg_temp.gone('bots, bots_2024_03') \g /dev/null

-- The source is younger than the snapshot of the transaction that changes it.
SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a table renamed under an older snapshot', 'ALTER TABLE bots RENAME TO robots');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'robots'::regclass), 1::bigint, 'is followed');
SELECT pg_temp.right_and_watched('a table renamed under an older snapshot', 'robots');
SELECT pg_temp.gone('robots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a column renamed under an older snapshot', 'ALTER TABLE bots RENAME COLUMN price_twin TO cost');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a column renamed under an older snapshot', '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
SELECT pg_temp.snapshot('a') \g /dev/null
ALTER TABLE bots RENAME COLUMN cost TO price;
SELECT pg_temp.ends('a', 'two columns that swap names, one of them renamed after the snapshot', 'ALTER TABLE bots RENAME COLUMN price_reseller TO price_twin',
    'ALTER TABLE bots RENAME COLUMN price TO price_reseller');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('columns swapped under an older snapshot',
    '(SELECT company_id, occurred_at, billable, price_reseller AS price_twin, price_twin AS price_reseller FROM bots)');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.ends('a', 'rewritten under an older snapshot', 'ALTER TABLE bots ALTER COLUMN price_twin TYPE numeric(14,6) USING price_twin * 2');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right_and_watched('rewritten under an older snapshot', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
SELECT pg_temp.parted('bots') \g /dev/null
CREATE TABLE bots_rest PARTITION OF bots DEFAULT;
SELECT pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-01-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'triggers off and a partition attached under an older snapshot', 'ALTER TABLE bots_rest DISABLE TRIGGER ALL',
    'INSERT INTO bots VALUES (11, ''2024-01-05 10:07+00'', true, 100, 30)', 'CREATE TABLE bots_2024_03 (LIKE bots INCLUDING ALL)',
    'INSERT INTO bots_2024_03 VALUES (11, ''2024-03-05 10:07+00'', true, 1000, 300)',
    'ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM (''2024-03-01 00:00+00'') TO (''2024-04-01 00:00+00'')',
    'ALTER TABLE bots_rest ENABLE TRIGGER ALL');
SELECT is(pg_temp.is_built('bots'), false, 'un-build');
SELECT pg_temp.right_and_watched('triggers off and a partition attached under an older snapshot', 'bots', 'bots_2024_03');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.snapshot('a') \g /dev/null
CREATE SCHEMA app;
SELECT pg_temp.plain('app.bots'), pg_temp.attach('app.bots') \g /dev/null
INSERT INTO app.bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a schema renamed under an older snapshot', 'ALTER SCHEMA app RENAME TO application');
INSERT INTO application.bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'application.bots'::regclass), 1::bigint, 'is followed');
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
SELECT is(pg_temp.tried_again('ALTER TABLE bots RENAME COLUMN price_twin TO cost'), '00000', 'and is done, if need be when tried again');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a column renamed by a statement that waited for attach_source',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
SELECT dblink_exec('a', 'RESET default_transaction_isolation') \g /dev/null
SELECT pg_temp.gone('bots') \g /dev/null

-- Labels of an enum that swap names under a snapshot older than the source.
CREATE TYPE channel AS ENUM ('sms', 'viber');
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE texts (company_id bigint, occurred_at timestamptz, channel channel, delivered boolean, price_twin numeric(15,6), price_reseller numeric(15,6));
SELECT reseller_report.attach_source('text_messaging', 'texts') \g /dev/null
INSERT INTO texts VALUES (11, '2024-03-05 10:07+00', 'sms', true, 10, 3), (11, '2024-03-05 10:07+00', 'sms', true, 10, 3),
    (11, '2024-03-05 10:07+00', 'viber', true, 1, 3);
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.ends('a', 'labels swapped under an older snapshot', 'ALTER TYPE channel RENAME VALUE ''sms'' TO ''x''',
    'ALTER TYPE channel RENAME VALUE ''viber'' TO ''sms''', 'ALTER TYPE channel RENAME VALUE ''x'' TO ''viber''');
CREATE FUNCTION pg_temp.texts(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT results_eq('SELECT delivered_sms, price_sms, sent_viber, price_viber FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'') WHERE id = 11',
        'SELECT count(*) FILTER (WHERE channel = ''sms''), sum(price_twin) FILTER (WHERE channel = ''sms''), count(*) FILTER (WHERE channel = ''viber''),
            sum(price_twin) FILTER (WHERE channel = ''viber'') FROM texts', label)
    UNION ALL SELECT pg_temp.clean(label)
$$;
SELECT pg_temp.texts('labels swapped under an older snapshot');
INSERT INTO texts VALUES (11, '2024-03-05 10:07+00', 'sms', true, 100, 3);
SELECT pg_temp.texts('and a new row');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.texts('and folded');
SELECT reseller_report.rebuild_slice('texts', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.texts('and rebuilt');
SELECT pg_temp.gone('texts') \g /dev/null

-- attach_source under a snapshot older than what the table has grown.
SELECT pg_temp.plain('bots') \g /dev/null
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE bots_child () INHERITS (bots);
SELECT ok(state IN ('40001', '42809'), 'a table that got a child after the snapshot is not connected: ' || state)
    FROM pg_temp.state('a', 'DO $x$ BEGIN PERFORM reseller_report.attach_source(''bot'', ''bots''); END $x$') AS state;
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null
INSERT INTO bots_child VALUES (11, '2024-01-05 10:07+00', true, 100, 30);
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'bots'::regclass), 0::bigint, 'nor half connected');
SELECT pg_temp.right('a table that got a child after the snapshot', 'usage.bot_message');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT pg_temp.parted('bots') \g /dev/null
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE bots_rest PARTITION OF bots DEFAULT;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.ends('a', 'a table connected under a snapshot older than its partition',
    'DO $x$ BEGIN PERFORM reseller_report.attach_source(''bot'', ''bots''); END $x$');
INSERT INTO bots VALUES (11, '2024-01-05 10:07+00', true, 100, 30);
SELECT is((SELECT count(*) FROM reseller_report.source_leaf WHERE relid = 'bots_rest'::regclass), 1::bigint, 'knows the partition');
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
SELECT is(pg_temp.state('a', $$DO $x$ BEGIN PERFORM FROM reseller_report.verify('-infinity', 'infinity'); PERFORM FROM reseller_report.rebuild_slices('usage.bot_message'); END $x$ $$),
    '00000', 'verify and rebuild_slices answer under a snapshot older than a partition');
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null
DROP TABLE usage.bot_late;

-- A report has read one edge of its period when a partition comes: its rows in the other edge alone would be half of them.
CREATE TABLE bots (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE INDEX bots_held ON bots_01 (company_id, occurred_at);
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:20+00', 1), (11, '2024-01-20', 2);
CREATE TABLE bots_02 (LIKE usage.bot_message INCLUDING DEFAULTS);
INSERT INTO bots_02 (company_id, occurred_at, price_twin) VALUES (11, '2024-02-06', 10), (11, '2024-02-10 10:18+00', 100);
SELECT dblink_exec('a', 'BEGIN; REINDEX INDEX bots_held') \g /dev/null
SELECT dblink_send_query('b', $$SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-05 10:17+00', '2024-02-10 10:20+00') WHERE id = 11$$) \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'a report waits at the first edge of its period');
ALTER TABLE bots ATTACH PARTITION bots_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT total FROM dblink_get_result('b') AS t (total numeric)), 113::numeric, 'a partition that comes meanwhile is in it as a whole');
SELECT * FROM dblink_get_result('b') AS t (total numeric) \g /dev/null
SELECT pg_temp.gone('bots') \g /dev/null

-- Whoever drops a table waits for it as if nothing were connected, and a partition behind the horizon takes its late rows along.
CREATE TABLE unrelated (a integer) PARTITION BY RANGE (a);
CREATE TABLE unrelated_1 PARTITION OF unrelated FOR VALUES FROM (0) TO (10);
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE ONLY unrelated IN ACCESS EXCLUSIVE MODE') \g /dev/null
SELECT dblink_send_query('b', 'DROP TABLE unrelated') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'a DROP waits for an unrelated table');
SELECT is(pg_temp.state('a', 'ALTER TABLE unrelated ADD COLUMN b integer'), '00000', 'and holds none of its partitions meanwhile');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.state_of_sent('b'), '00000', 'it is dropped');
CREATE TABLE bots (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:20+00', 1);
SELECT reseller_report.prune('bots', '2024-02-01 00:00+00') \g /dev/null
CREATE FUNCTION pg_temp.total() RETURNS numeric LANGUAGE sql AS $$ SELECT total_price_to_twin FROM reseller_report.bot(1, '-infinity', 'infinity') WHERE id = 11 $$;
SELECT pg_temp.total() AS pruned \gset
SELECT pg_temp.snapshot('a') \g /dev/null
CREATE TABLE bots_late PARTITION OF bots FOR VALUES FROM ('2023-11-01 00:00+00') TO ('2023-12-01 00:00+00');
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2023-11-02', 10);
SELECT pg_temp.ends('a', 'a partition truncated under a snapshot older than it', 'TRUNCATE bots_late');
SELECT is(pg_temp.total(), :pruned, 'its rows are gone, behind the horizon, too');
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2023-11-02', 10);
ALTER TABLE bots_late FORCE ROW LEVEL SECURITY;
SELECT is(pg_temp.state('c', 'TRUNCATE bots_late'), '00000', 'rows that cannot be read may go');
SELECT is(pg_temp.total(), :pruned + 10, 'and count on');
ALTER TABLE bots_late NO FORCE ROW LEVEL SECURITY;
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2023-11-02', 100);
SELECT dblink_exec('a', 'BEGIN; DROP TABLE bots_late') \g /dev/null
SELECT dblink_send_query('b', 'DROP TABLE IF EXISTS bots_late') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'a DROP waits for another');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.state_of_sent('b'), '00000', 'and finds nothing left to drop');
SELECT is(pg_temp.total(), :pruned + 10, 'whose rows went once');
SELECT pg_temp.gone('bots') \g /dev/null

SELECT dblink_disconnect('a'), dblink_disconnect('b'), dblink_disconnect('c') \g /dev/null
SELECT * FROM finish();
