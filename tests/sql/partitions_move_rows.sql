-- create_partitions moves rows from the default partition as if they had always lain where they go: a statement that waited for it
-- finds them, no trigger of the table fires, and two calls at a time do not deadlock. Rows stay where a subscriber could not tell
-- which went.
SELECT no_plan();
SET client_min_messages = error;
SELECT setseed(0.13) \g /dev/null
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(60); PERFORM reseller_report.materialize(); END $$;

-- A statement that waits for create_partitions finds the rows where they went.
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'sms', '2023-06-10 22:37+00');
SELECT dblink_exec('a', 'BEGIN; INSERT INTO usage.text_message (company_id, channel, occurred_at) '
    'VALUES (11, ''sms'', ''2023-06-11'')') \g /dev/null
SELECT dblink_send_query('c', 'SELECT count(*) FROM reseller_report.create_partitions(''0'')') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'create_partitions waits for a writer');
SELECT dblink_send_query('b',
    'WITH a AS (INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, ''sms'', ''2023-06-12'') RETURNING 1),
    u AS (UPDATE usage.text_message SET delivered_at = now() WHERE company_id = 12 AND occurred_at = ''2023-06-10 22:37+00''
        RETURNING 1) SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM u)') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 2'), 'a writer waits for create_partitions');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT isnt((SELECT n FROM dblink_get_result('c') AS t (n bigint)), 0::bigint, 'partitions are made');
SELECT results_eq('SELECT * FROM dblink_get_result(''b'') AS t (a bigint, u bigint)', 'VALUES (1::bigint, 1::bigint)',
    'the writer inserts a row and updates one that has moved');
SELECT * FROM dblink_get_result('b') AS t (a bigint, u bigint) \g /dev/null
SELECT is((SELECT count(*) FROM usage.text_message_2023_06), 3::bigint, 'all rows are in the new partition');
SELECT oracle.agrees('reports are right after it');
SELECT * FROM dblink_get_result('c') AS t (n bigint) \g /dev/null
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'sms', '2023-07-10 22:37+00');
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE usage.text_message_default') \g /dev/null
SELECT dblink_send_query('b', 'SELECT count(*) FROM reseller_report.create_partitions(''0'')'),
    dblink_send_query('c', 'SELECT count(*) FROM reseller_report.create_partitions(''0'')') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 2'), 'two calls wait at a time');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT sum(n) FROM (SELECT n FROM dblink_get_result('b') AS t (n bigint) UNION ALL SELECT n
    FROM dblink_get_result('c') AS t (n bigint)) t), 1::numeric,
    'one makes the month, the other finds it made, instead of a deadlock');
SELECT * FROM dblink_get_result('b') AS t (n bigint) \g /dev/null
SELECT * FROM dblink_get_result('c') AS t (n bigint) \g /dev/null

-- A call that waited for the table, and has it at last, does not give way to who waits behind it: he finds the month made.
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'sms', '2022-09-10');
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE usage.text_message IN ROW EXCLUSIVE MODE') \g /dev/null
SELECT dblink_send_query('c', 'SELECT count(*) FROM reseller_report.create_partitions(''0'', ''usage.text_message'')') \g /dev/null
SELECT ok(pg_temp.until($$ SELECT array_agg(mode) = '{AccessExclusiveLock}' AND NOT bool_or(granted) FROM pg_locks
    WHERE relation = 'usage.text_message'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid IN (SELECT pid FROM pg_locks WHERE NOT granted) $$),
    'a call waits for the table and holds no other lock on it');
SELECT dblink_send_query('b', $$ DO $x$ BEGIN
    LOCK TABLE usage.text_message IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM 'usage.text_message_2022_09'::regclass;
END $x$ $$) \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 2'), 'another session waits behind it');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.state_of_sent('b'), '00000', 'which finds the month made');
SELECT is(pg_temp.state_of_sent('c'), '00000', 'the call succeeds');

-- Somebody else always waits for the table. A call that holds it does not give way to him for ever.
CREATE TABLE locks_on (now boolean);
INSERT INTO locks_on VALUES (true);
CREATE PROCEDURE lock_again_and_again() LANGUAGE plpgsql AS $$
BEGIN
    WHILE EXISTS (SELECT FROM locks_on) LOOP
        LOCK TABLE usage.text_message IN SHARE UPDATE EXCLUSIVE MODE;
        COMMIT;
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.makes(month text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, ''sms'', %L)', month);
    RETURN is((SELECT count(*) FROM reseller_report.create_partitions('0') WHERE source = 'usage.text_message'::regclass),
        1::bigint, format('%s is made beside them', month));
END
$$;
SELECT dblink_send_query(s, 'CALL lock_again_and_again()') FROM unnest('{a,b,c}'::text[]) s \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() > 0'), 'other sessions want the table');
SET statement_timeout = '20s';
SELECT pg_temp.makes('2022-08-10');
SELECT pg_temp.makes('2022-07-10');
SET statement_timeout = '60s';
DELETE FROM locks_on;
SELECT pg_temp.state_of_sent(s) FROM unnest('{a,b,c}'::text[]) s \g /dev/null
SELECT oracle.agrees('reports are right after it, too');

-- Triggers of the table do not fire when rows move, not even those that always do; and what code of the owner writes is captured.
CREATE FUNCTION audit() RETURNS trigger
    LANGUAGE plpgsql AS 'BEGIN INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, ''2024-03-03'', '
        '1000); RETURN NULL; END';
CREATE TRIGGER audit AFTER INSERT OR DELETE ON usage.text_message FOR EACH ROW EXECUTE FUNCTION audit();
ALTER TABLE usage.text_message ENABLE ALWAYS TRIGGER audit;
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'sms', '2023-05-10');
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0') WHERE source = 'usage.text_message'::regclass), 1::bigint,
    'rows move from a table with a trigger');
SELECT is((SELECT count(*) FROM usage.bot_message WHERE price_twin = 1000), 1::bigint, 'and the trigger does not fire for them');
SELECT oracle.agrees('reports are right beside a trigger that always fires');
DROP TRIGGER audit ON usage.text_message;

-- A subscriber is told of rows by their replica identity.
CREATE TABLE told (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE told_rest PARTITION OF told DEFAULT;
SELECT reseller_report.attach_source('bot', 'told') \g /dev/null
CREATE PUBLICATION told FOR TABLE told;
INSERT INTO told (company_id, occurred_at) VALUES (11, '2023-06-10');
SELECT throws_ok('SELECT reseller_report.create_partitions(''0'', ''told'')', '55000',
    'cannot delete from table "told_rest" because it does not have a replica identity and publishes deletes',
    'no row is moved that has none');
ALTER TABLE told_rest REPLICA IDENTITY FULL;
SELECT lives_ok('SELECT reseller_report.create_partitions(''0'', ''told'')', 'with one it is');
SELECT is((SELECT count(*) FROM told_2023_06), 1::bigint, 'and is in the new partition');
SELECT * FROM finish();
