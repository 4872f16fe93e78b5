-- Found by attack: DDL of odd kinds and by odd roles, locks taken in the wrong order, settings of the session that change what is printed.
SELECT no_plan();
SELECT setseed(0.13) \g /dev/null
CREATE EXTENSION dblink;
SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user) AS here \gset
SELECT dblink_connect('a', :'here'), dblink_connect('b', :'here'), dblink_connect('c', :'here') \g /dev/null
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
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(60); PERFORM reseller_report.materialize(); END $$;
CREATE FUNCTION pg_temp.why() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(DISTINCT u.reason, '; ') FROM reseller_report.source_unbuilt u $$;
CREATE PROCEDURE pg_temp.rebuild() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.rebuild_slice(s.source, '-infinity', 'infinity') FROM reseller_report.sources() s;
END
$$;

-- A trigger of ours made by hand on a table of one's own takes no source over, and its argument harms nobody.
CREATE ROLE hostile_stranger;
CREATE SCHEMA hostile AUTHORIZATION hostile_stranger;
SELECT substring(encode(t.tgargs, 'escape') FROM '^[0-9]+') AS id FROM pg_trigger t WHERE t.tgrelid = 'usage.bot_message'::regclass AND t.tgname = 'reseller_report_capture' \gset
SET ROLE hostile_stranger;
CREATE TABLE hostile.bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON hostile.bots FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(:'id');
ALTER TABLE hostile.bots ENABLE ALWAYS TRIGGER reseller_report_capture;
ALTER TABLE hostile.bots RENAME TO robots;
INSERT INTO hostile.robots VALUES (11, '2024-03-01', true, 1000, 1000);
CREATE TABLE hostile.odd (a int);
CREATE TRIGGER reseller_report_capture AFTER INSERT ON hostile.odd FOR EACH ROW EXECUTE FUNCTION reseller_report._capture('99999999999999999999999999');
ALTER TABLE hostile.odd ADD b int;
DROP TABLE hostile.robots;
RESET ROLE;
ALTER SCHEMA hostile RENAME TO hostile2;
SELECT oracle.agrees('a forged trigger');
SELECT is((SELECT count(*) FROM reseller_report.sources()), 4::bigint, 'takes no source over');
SELECT reseller_report.materialize() \g /dev/null
SELECT oracle.agrees('nor its history');
DROP OWNED BY hostile_stranger CASCADE;
DROP ROLE hostile_stranger;

-- A statement that waits for create_partitions finds the rows where they went.
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'sms', '2023-06-10 22:37+00');
SELECT dblink_exec('a', 'BEGIN; INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, ''sms'', ''2023-06-11'')') \g /dev/null
SELECT dblink_send_query('c', 'SELECT count(*) FROM reseller_report.create_partitions(''0'')') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'create_partitions waits for a writer');
SELECT dblink_send_query('b', 'WITH a AS (INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, ''sms'', ''2023-06-12'') RETURNING 1),
    u AS (UPDATE usage.text_message SET delivered_at = now() WHERE company_id = 12 AND occurred_at = ''2023-06-10 22:37+00'' RETURNING 1) SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM u)') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 2'), 'and a writer for it');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT isnt((SELECT n FROM dblink_get_result('c') AS t (n bigint)), 0::bigint, 'partitions are made');
SELECT results_eq('SELECT * FROM dblink_get_result(''b'') AS t (a bigint, u bigint)', 'VALUES (1::bigint, 1::bigint)', 'the writer inserts and updates');
SELECT * FROM dblink_get_result('b') AS t (a bigint, u bigint) \g /dev/null
SELECT is((SELECT count(*) FROM usage.text_message_2023_06), 3::bigint, 'in the new partition');
SELECT oracle.agrees('after it');
SELECT * FROM dblink_get_result('c') AS t (n bigint) \g /dev/null
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'sms', '2023-07-10 22:37+00');
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE usage.text_message_default') \g /dev/null
SELECT dblink_send_query('b', 'SELECT count(*) FROM reseller_report.create_partitions(''0'')'), dblink_send_query('c', 'SELECT count(*) FROM reseller_report.create_partitions(''0'')') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 2'), 'two calls at a time');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT sum(n) FROM (SELECT n FROM dblink_get_result('b') AS t (n bigint) UNION ALL SELECT n FROM dblink_get_result('c') AS t (n bigint)) t), 1::numeric,
    'one makes the month, the other finds it made, instead of a deadlock');
SELECT * FROM dblink_get_result('b') AS t (n bigint) \g /dev/null
SELECT * FROM dblink_get_result('c') AS t (n bigint) \g /dev/null

-- Triggers of the table do not fire when rows move, not even those that always do; and what code of the owner writes is captured.
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, ''2024-03-03'', 1000); RETURN NULL; END';
CREATE TRIGGER audit AFTER INSERT OR DELETE ON usage.text_message FOR EACH ROW EXECUTE FUNCTION audit();
ALTER TABLE usage.text_message ENABLE ALWAYS TRIGGER audit;
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'sms', '2023-05-10');
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0') WHERE source = 'usage.text_message'::regclass), 1::bigint, 'rows move');
SELECT is((SELECT count(*) FROM usage.bot_message WHERE price_twin = 1000), 1::bigint, 'and no trigger fires');
SELECT oracle.agrees('with a trigger that always fires');
DROP TRIGGER audit ON usage.text_message;

-- Long names, by characters and by bytes, and a table that cannot be helped.
SET client_min_messages = error;
CREATE TABLE "таблица_с_очень_длинным_именем_32" (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE russian_rest PARTITION OF "таблица_с_очень_длинным_именем_32" DEFAULT;
SELECT reseller_report.attach_source('bot', '"таблица_с_очень_длинным_именем_32"') \g /dev/null
CREATE ROLE hostile_helpless;
CREATE TABLE a_helpless (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE a_helpless_rest PARTITION OF a_helpless DEFAULT;
SELECT reseller_report.attach_source('bot', 'a_helpless') \g /dev/null
ALTER TABLE a_helpless OWNER TO hostile_helpless;
SELECT set_eq('SELECT DISTINCT source::text FROM reseller_report.create_partitions(''0'')', ARRAY['"таблица_с_очень_длинным_именем_32"'],
    'a name of 63 bytes; and a table whose owner may not create one does not stop others');
DROP TABLE a_helpless;
DROP ROLE hostile_helpless;
DROP TABLE "таблица_с_очень_длинным_именем_32";

-- The session's ways of printing time do not move a bound.
SET timezone = 'Europe/Dublin';
SET datestyle = 'SQL, DMY';
CREATE TABLE usage.bot_message_2023_06 PARTITION OF usage.bot_message FOR VALUES FROM ('2023-06-01 00:00+00') TO ('2023-07-01 00:00+00');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2023-06-30 22:30+00', 1), (11, '2023-06-30 23:30+00', 10), (11, '2023-07-10 23:30+00', 100);
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.create_partitions(''0'') WHERE source = ''usage.bot_message''::regclass AND period_from < ''2023-12-31''',
    $$VALUES (timestamptz '2023-07-01 00:00+00', timestamptz '2023-08-01 00:00+00')$$, 'months are UTC');
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.prune(''usage.bot_message'', ''2023-07-01 00:00+00'')',
    $$VALUES (timestamptz '2023-06-01 00:00+00', timestamptz '2023-07-01 00:00+00')$$, 'and so is the horizon');
SELECT reseller_report.rebuild_slice('usage.bot_message', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.company c, reseller_report.bot(c.company_id, '2023-06-01 00:00+00', '2023-07-01 00:00+00') WHERE c.is_reseller), 11.0, 'nothing is lost');
RESET timezone;
RESET datestyle;
DELETE FROM usage.bot_message;
SELECT reseller_report.detach_source('usage.bot_message') \g /dev/null
SELECT reseller_report.attach_source('bot', 'usage.bot_message') \g /dev/null
CALL pg_temp.rebuild();

-- Columns, tables and triggers that change by other commands' names, or in one command with what hides it.
CREATE FUNCTION pg_temp.step(command text, reason text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN NEXT matches(coalesce(pg_temp.why(), 'nothing'), coalesce(reason, 'nothing'), command);
    RETURN NEXT oracle.agrees(command);
END
$$;
SELECT random_usage.events(30) \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.step('ALTER TABLE usage.text_message DROP COLUMN price_reseller, ADD COLUMN price_reseller numeric(15,6) NOT NULL DEFAULT 0', 'column price_reseller was dropped');
CALL pg_temp.rebuild();
SELECT pg_temp.step('ALTER INDEX usage.text_message RENAME TO messages; ALTER TABLE usage.messages RENAME TO text_message', NULL);
SELECT pg_temp.step('ALTER INDEX usage.phone_call_default RENAME TO calls_rest; TRUNCATE usage.calls_rest', 'TRUNCATE of usage.calls_rest');
CALL pg_temp.rebuild();
SELECT pg_temp.step('ALTER VIEW usage.phone_call RENAME COLUMN duration_seconds TO secs; INSERT INTO usage.phone_call (company_id, direction, occurred_at, secs) VALUES (11, ''incoming'', ''2024-03-01'', 7);
    ALTER TABLE usage.phone_call RENAME COLUMN secs TO duration_seconds', NULL);
SELECT pg_temp.step('CREATE SCHEMA other CREATE TABLE bots PARTITION OF usage.bot_message FOR VALUES FROM (''2031-01-01 00:00+00'') TO (''2031-02-01 00:00+00'')', NULL);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2031-01-10', 5);
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.step('TRUNCATE other.bots', 'TRUNCATE of other.bots');
CALL pg_temp.rebuild();
SELECT pg_temp.step('CREATE OR REPLACE TRIGGER reseller_report_capture AFTER INSERT ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(' ||
    (SELECT quote_literal(id) FROM reseller_report.source WHERE table_name = 'bot_message') || '); DELETE FROM usage.bot_message', 'trigger reseller_report_capture of usage.bot_message was replaced');
SELECT throws_ok('CALL pg_temp.rebuild()', '55000', NULL, 'and is not trusted');
DROP TRIGGER reseller_report_capture ON usage.bot_message;
SELECT reseller_report.post_restore() \g /dev/null
CALL pg_temp.rebuild();
SELECT oracle.agrees('until it is put back');
ALTER TABLE usage.bot_message_default DISABLE TRIGGER reseller_report_truncated;
SELECT throws_ok('CALL pg_temp.rebuild()', '55000', NULL, 'nothing is built while TRUNCATE would not be noticed');
SELECT reseller_report.post_restore() \g /dev/null
CALL pg_temp.rebuild();
SELECT is(pg_temp.why(), NULL, 'until it would be');

-- Triggers of the owner's under our names are not taken for ours.
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT pg_temp.step('CREATE OR REPLACE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION nothing(); ALTER TABLE usage.bot_message ENABLE ALWAYS TRIGGER reseller_report_capture;
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, ''2024-03-01'', 5)', 'trigger reseller_report_capture of usage.bot_message was replaced');
SELECT throws_ok('CALL pg_temp.rebuild()', '55000', NULL, 'another capture is none');
SELECT throws_ok('SELECT reseller_report.post_restore()', '42710', NULL, 'and stands in the way of ours');
DROP TRIGGER reseller_report_capture ON usage.bot_message;
SELECT reseller_report.post_restore() \g /dev/null
CALL pg_temp.rebuild();
SELECT pg_temp.step('CREATE OR REPLACE TRIGGER reseller_report_truncated AFTER TRUNCATE ON usage.bot_message_default FOR EACH STATEMENT EXECUTE FUNCTION nothing(); ALTER TABLE usage.bot_message_default ENABLE ALWAYS TRIGGER reseller_report_truncated;
    TRUNCATE usage.bot_message_default', 'trigger reseller_report_truncated of usage.bot_message_default was replaced');
SELECT throws_ok('CALL pg_temp.rebuild()', '55000', NULL, 'nor is another that notices TRUNCATE');
DROP TRIGGER reseller_report_truncated ON usage.bot_message_default;
SELECT reseller_report.post_restore() \g /dev/null
CALL pg_temp.rebuild();
CREATE TABLE claimed (LIKE usage.bot_message);
CREATE TRIGGER reseller_report_truncated AFTER TRUNCATE ON claimed FOR EACH STATEMENT EXECUTE FUNCTION nothing();
SELECT throws_ok('SELECT reseller_report.attach_source(''bot'', ''claimed'')', '42710', NULL, 'a table that has our name for another trigger is not connected');
DROP TABLE claimed;

-- Columns that go with a type or a function.
CREATE TYPE seen AS ENUM ('yes', 'no');
CREATE TABLE app_text (company_id bigint, channel text, occurred_at timestamptz, seen seen, price_twin numeric(15,6), price_reseller numeric(15,6));
SELECT reseller_report.attach_source('text_messaging', 'app_text', '{"delivered": "seen", "delivered_values": ["yes"]}') \g /dev/null
DROP TYPE seen CASCADE;
SELECT is(pg_temp.why(), 'column seen was dropped', 'DROP TYPE');
SELECT throws_ok('SELECT * FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'')', '55000', NULL, 'is refused, not left out');
DROP TABLE app_text;
CREATE TYPE record_of_usage AS (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE TABLE typed OF record_of_usage;
SELECT reseller_report.attach_source('bot', 'typed') \g /dev/null
ALTER TYPE record_of_usage RENAME ATTRIBUTE price_twin TO price CASCADE;
INSERT INTO typed VALUES (11, '2024-03-01', true, 5, 5);
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.company c, reseller_report.bot(c.company_id, '-infinity', 'infinity') WHERE c.is_reseller),
    (SELECT coalesce(sum(price_twin), 0) + 5 FROM usage.bot_message m JOIN reseller_report.dependency d ON d.company_id = m.company_id AND d.during @> m.occurred_at), 'an attribute of a typed table is followed');
DROP TABLE typed;
SELECT reseller_report.materialize() \g /dev/null

-- A list of nothing but NULL, and padding.
CREATE TABLE marked (company_id bigint, occurred_at timestamptz, price_twin numeric(15,6), deleted text, test boolean, state char(6));
SELECT reseller_report.attach_source('bot', 'marked', '{"billable": {"value": true}, "price_reseller": {"value": 0}, "only": {"deleted": [null], "test": [null], "state": ["sent  "]}}') \g /dev/null
INSERT INTO marked VALUES (11, '2029-03-01', 1, NULL, NULL, 'sent'), (11, '2029-03-01', 2, 'x', NULL, 'sent'), (11, '2029-03-01', 4, NULL, true, 'sent'), (11, '2029-03-01', 8, NULL, false, 'sent'), (11, '2029-03-01', 16, NULL, NULL, 'lost');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(3, '2029-01-01', '2030-01-01') WHERE id = 11), 1.0, 'a list of nothing but NULL, and padding');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'by raw rows, too');
CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE collated (LIKE marked); ALTER TABLE collated ALTER COLUMN deleted TYPE text COLLATE insensitive;
SELECT throws_ok('SELECT reseller_report.attach_source(''bot'', ''collated'', ''{"billable": {"value": true}, "price_reseller": {"value": 0}, "only": {"deleted": ["x"]}}'')', '42804', NULL, 'a collation that tells no bytes apart is refused');
DROP TABLE marked;

-- A partition whose DETACH ... CONCURRENTLY was cancelled half way is a table of its own.
CREATE TABLE flow (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE flow_1 PARTITION OF flow FOR VALUES FROM ('2021-01-01 00:00+00') TO ('2021-02-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'flow') \g /dev/null
INSERT INTO flow (company_id, occurred_at, price_twin) VALUES (11, '2021-01-05', 5);
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE flow IN ACCESS SHARE MODE; DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT dblink_exec('b', 'SET statement_timeout = ''1s''') \g /dev/null
SELECT dblink_send_query('b', 'ALTER TABLE flow DETACH PARTITION flow_1 CONCURRENTLY') \g /dev/null
SELECT ok(pg_temp.until('NOT dblink_is_busy(''b'')::boolean AND EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)'), 'cancelled half way');
SELECT * FROM dblink_get_result('b', false) AS t (x text) \g /dev/null
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT lives_ok('INSERT INTO flow_1 (company_id, occurred_at, price_twin) VALUES (11, ''2021-01-06'', 7)', 'a write to it');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(3, '2021-01-01', '2022-01-01') WHERE id = 11), 0.0, 'is nobody''s usage');
ALTER TABLE flow DETACH PARTITION flow_1 FINALIZE;
SELECT reseller_report.rebuild_slice('flow', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(3, '2021-01-01', '2022-01-01') WHERE id = 11), 0.0, 'finalized and rebuilt');
-- A capture trigger that was renamed goes on capturing; post_restore gives it back its name and makes no second one. One for another
-- source, or a second one, un-builds.
CREATE TABLE captured (LIKE usage.bot_message INCLUDING DEFAULTS);
SELECT reseller_report.attach_source('bot', 'captured') \g /dev/null
ALTER TRIGGER reseller_report_capture ON captured RENAME TO foo;
SELECT reseller_report.post_restore() \g /dev/null
SELECT is((SELECT array_agg(tgname::text ORDER BY 1) FROM pg_trigger WHERE tgrelid = 'captured'::regclass AND tgfoid = 'reseller_report._capture'::regproc),
    ARRAY['reseller_report_capture'], 'a renamed capture trigger gets back its name');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), true, 'and the table stays built');
SELECT id AS captured FROM reseller_report.source WHERE table_name = 'captured' \gset
CREATE TRIGGER another AFTER INSERT OR UPDATE OR DELETE ON captured FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(:'captured');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), false, 'a second capture trigger un-builds');
SELECT throws_ok($$SELECT reseller_report.rebuild_slice('captured', '-infinity', 'infinity')$$, '55000', NULL, 'for as long as it is there');
DROP TRIGGER another ON captured;
SELECT reseller_report.rebuild_slice('captured', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), true, 'and without it the table is built again');
CREATE OR REPLACE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON captured FOR EACH ROW EXECUTE FUNCTION reseller_report._capture('12345');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), false, 'a capture trigger for another source un-builds');
SELECT throws_ok($$SELECT reseller_report.rebuild_slice('captured', '-infinity', 'infinity')$$, '55000', NULL, 'and cannot be built by');
SELECT reseller_report.detach_source('captured') \g /dev/null

SELECT throws_ok('ALTER SCHEMA reseller_report RENAME TO elsewhere', '0A000', 'schema "reseller_report" cannot be renamed', 'everything goes by the name of the schema');

SELECT * FROM finish();
