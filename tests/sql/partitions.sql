-- create_partitions makes months ahead and the past months that the default partition holds rows of: nothing is captured twice,
-- nothing un-built, whoever reads or writes meanwhile.
SELECT no_plan();
SELECT setseed(0.11) \g /dev/null
SET client_min_messages = error;
SELECT random_usage.companies(), random_usage.events(100) \g /dev/null
SELECT reseller_report.materialize(200) \g /dev/null
CREATE FUNCTION pg_temp.same(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT oracle.agrees(label || ', reports');
    RETURN NEXT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), '{}', label || ', nothing un-built');
    RETURN NEXT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, label || ', verified');
END
$$;
CREATE TABLE before AS SELECT count(*) AS deltas FROM reseller_report.usage_delta;
CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a row trigger fired''; END';
CREATE TRIGGER trap BEFORE DELETE ON usage.text_message FOR EACH ROW EXECUTE FUNCTION trap();
BEGIN;
SELECT set_eq($$SELECT source::text, period_from, period_to FROM reseller_report.create_partitions('4 months')
    WHERE period_from < '2025-01-01'$$,
    $$SELECT 'usage.' || t AS s, m AS f, m + interval '1 month' AS t
        FROM unnest(ARRAY['text_message', 'chat_message', 'phone_call', 'bot_message']) t,
            unnest(ARRAY['2024-01-01 00:00+00', '2024-02-01', '2024-03-01', '2024-04-01']::timestamptz[]) m$$,
    'the months that the default partition holds rows of');
SELECT pg_temp.same('in the transaction that moves rows');
SELECT random_usage.companies_moved() FROM generate_series(1, 5) \g /dev/null
SELECT oracle.agrees('and companies');
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null
SELECT oracle.agrees('and rebuilds');
COMMIT;
DROP TRIGGER trap ON usage.text_message;
SELECT is((SELECT count(*) FROM usage.text_message_default), 0::bigint, 'the default partition is empty');
SELECT is((SELECT count(*) FROM usage.text_message_2024_03),
    (SELECT count(*) FROM usage.text_message WHERE occurred_at >= '2024-03-01 00:00+00' AND occurred_at < '2024-04-01 00:00+00'),
        'rows are where they belong');
SELECT has_table('usage', ('bot_message_' || to_char(now() AT TIME ZONE 'UTC' + interval '4 months', 'YYYY_MM'))::name,
    'months ahead are made');
SELECT pg_temp.same('after it');
SELECT is_empty('SELECT * FROM reseller_report.create_partitions(''4 months'')', 'a second time there is nothing to do');
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(20); END $$;
SELECT pg_temp.same('written to the new partitions');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.same('and folded');
TRUNCATE usage.text_message_2024_03;
SELECT is((SELECT unbuilt_reasons FROM reseller_report.sources() WHERE source = 'usage.text_message'::regclass),
    'TRUNCATE of usage.text_message_2024_03', 'a new partition is watched');
SELECT oracle.agrees('truncated');
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null

-- An older snapshot finds the rows where they were.
CREATE EXTENSION dblink;
SELECT dblink_connect('a', format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'),
    current_setting('port'), current_database(), current_user)) \g /dev/null
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT 11 + n, '2023-05-05 10:17+00', n
    FROM generate_series(0, 29) n;
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0')), 1::bigint, 'a month of late rows');
SELECT is((SELECT t FROM dblink('a',
    'SELECT sum(total_price_to_twin) '
    'FROM reseller_report.bot(1, ''2023-05-05 10:16+00'', ''2023-05-05 10:18+00'')') AS x (t numeric)),
    (SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '2023-05-05 10:16+00', '2023-05-05 10:18+00')),
        'an older snapshot finds the rows where they were');
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null

-- A snapshot that does not see a row must not see it for having moved it.
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2023-06-05', 1);
SELECT dblink_exec('a', $$INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2023-06-07', 2)$$)
    \g /dev/null
SELECT throws_ok($$SELECT reseller_report.create_partitions('0', 'usage.bot_message')$$, '40001',
    'could not serialize access: rows of the default partition "bot_message_default" came or went after this transaction began',
    'rows that came after a REPEATABLE READ transaction began are not moved by it');
SELECT oracle.agrees('after the refusal');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2023-06-05', 1);
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0', 'usage.bot_message')), 1::bigint,
    'its own rows, and those before it, are');
SELECT oracle.agrees('in the transaction that moved its own rows');
COMMIT;

SELECT dblink_exec('a', $$INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2023-07-07', 2)$$)
    \g /dev/null
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT 1 \g /dev/null
SELECT dblink_exec('a', $$DELETE FROM usage.bot_message WHERE occurred_at = '2023-07-07'$$) \g /dev/null
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2023-07-05', 1);
SELECT throws_ok($$SELECT reseller_report.create_partitions('0', 'usage.bot_message')$$, '40001', NULL,
    'nor beside rows that went');
ROLLBACK;

-- What rows do not hold themselves goes with them: the default of a column that was added later. A check that waits for the end is
-- not lost.
ALTER TABLE usage.bot_message ADD COLUMN note text NOT NULL DEFAULT 'hello';
ALTER TABLE usage.bot_message ALTER note DROP DEFAULT;
ALTER TABLE usage.bot_message_default REPLICA IDENTITY FULL;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, note) VALUES (11, '2023-08-05', 1, 'new');
CREATE TABLE plain (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE plain_default PARTITION OF plain DEFAULT;
SELECT reseller_report.attach_source('bot', 'plain') \g /dev/null
INSERT INTO plain (company_id, occurred_at, billable, price_twin, note) VALUES (11, '2023-08-05', true, 1, 'x');
ALTER TABLE plain DROP COLUMN price_reseller;
ALTER TABLE plain ADD COLUMN price_reseller numeric(9,2) NOT NULL DEFAULT 6;
SELECT reseller_report.detach_source('plain'), reseller_report.attach_source('bot', 'plain') \g /dev/null
CALL reseller_report.rebuild('plain');
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0', 'plain') WHERE period_from < '2024-01-01'), 1::bigint,
    'a month of rows older than a column');
SELECT results_eq('SELECT tableoid::regclass::text, price_reseller, note FROM plain',
    $$VALUES ('plain_2023_08', 6::numeric, 'x'::text)$$, 'keep the value that the column gave them');
SELECT is_empty($$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$$, 'and count as before');
SELECT reseller_report.detach_source('plain') \g /dev/null
DROP TABLE plain;
SELECT reseller_report.create_partitions('0', 'usage.bot_message') \g /dev/null
SELECT is((SELECT relreplident FROM pg_class WHERE oid = 'usage.bot_message_2023_08'::regclass), 'f',
    'a partition has the replica identity of the default one');
CREATE TABLE account (id bigint PRIMARY KEY);
INSERT INTO account SELECT company_id FROM reseller_report.company;
ALTER TABLE usage.bot_message ADD CONSTRAINT of_account FOREIGN KEY (company_id) REFERENCES account DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO usage.bot_message (company_id, occurred_at, note) VALUES (999, '2023-09-05', '');
SELECT throws_ok($$SELECT reseller_report.create_partitions('0', 'usage.bot_message')$$, '55006', NULL,
    'rows whose checks wait for the end do not move');
ROLLBACK;
ALTER TABLE usage.bot_message DROP CONSTRAINT of_account, DROP COLUMN note;

-- Names that are taken, and tables partitioned some other way.
CREATE TABLE usage.bot_message_2022_01 ();
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2022-01-05', 1);
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0')), 1::bigint, 'a month whose name is taken');
SELECT has_table('usage', 'bot_message_2022_01_1', 'gets the next name');
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0')), 0::bigint, 'once');
CREATE TABLE weekly (LIKE usage.bot_message) PARTITION BY RANGE (occurred_at);
CREATE TABLE weekly_1 PARTITION OF weekly
    FOR VALUES FROM ('2024-01-01') TO ('2024-01-08'); CREATE TABLE weekly_rest PARTITION OF weekly DEFAULT;
SELECT reseller_report.attach_source('bot', 'weekly') \g /dev/null
INSERT INTO weekly (id, company_id, occurred_at, billable, price_twin, price_reseller) VALUES (1, 11, '2024-03-05', true, 1, 1);
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('1 year') WHERE source = 'weekly'::regclass), 0::bigint,
    'tables partitioned some other way are left alone');
SELECT reseller_report.detach_source('weekly') \g /dev/null
SELECT pg_temp.same('at the end');
SELECT throws_ok('SELECT * FROM reseller_report.create_partitions(''100000 years'')', '22023', 'ahead must be at most 10 years',
    'a slip of the hand');
SELECT throws_ok('SELECT * FROM reseller_report.create_partitions(NULL)', '22004', 'ahead must not be NULL', 'ahead must be named');

-- A check that is not validated would be valid in the new partition, whatever its rows hold.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2020-01-05', -1);
ALTER TABLE usage.bot_message ADD CONSTRAINT positive CHECK (price_twin > -100) NOT VALID;
SELECT throws_ok('SELECT * FROM reseller_report.create_partitions(''0'', ''usage.bot_message'')', '55000',
    'constraint "positive" of table "usage.bot_message" is not validated, and rows are to be moved', 'a check that is not valid');
ALTER TABLE usage.bot_message VALIDATE CONSTRAINT positive;
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0', 'usage.bot_message')), 1::bigint, 'until it is');

-- As an owner without rights on the extension has them.
CREATE ROLE partitions_app;
GRANT CREATE ON DATABASE :"DBNAME" TO partitions_app;
GRANT EXECUTE ON FUNCTION reseller_report.create_usage_tables, reseller_report.attach_source TO partitions_app;
SET ROLE partitions_app;
SELECT reseller_report.create_usage_tables('partitions_app') \g /dev/null
INSERT INTO partitions_app.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2021-01-05', 1);
RESET ROLE;
SELECT is((SELECT count(*) FROM reseller_report.create_partitions('0')), 1::bigint, 'of another''s table');
SELECT table_owner_is('partitions_app', 'bot_message_2021_01', 'partitions_app', 'the partition is the owner''s');
DROP OWNED BY partitions_app;
DROP ROLE partitions_app;
SELECT * FROM finish();
