-- Found by attack: whoever owns a usage table gets no rights of ours, changes no session of others, and crashes nothing; triggers
-- that move companies in the midst of a statement, extreme times and amounts, and rows from before attaching do no harm.
SELECT no_plan();
INSERT INTO reseller_report.company SELECT n, 'R' || n, true FROM generate_series(1, 3) n UNION ALL SELECT n, 'C' || n, false FROM generate_series(11, 18) n;
INSERT INTO reseller_report.dependency SELECT 1, n, '(,)' FROM generate_series(11, 17) n;
CREATE ROLE hostile_owner;
GRANT EXECUTE ON FUNCTION reseller_report.attach_source TO hostile_owner;
CREATE SCHEMA hostile AUTHORIZATION hostile_owner;
SET ROLE hostile_owner;
CREATE TABLE hostile.usage (id serial PRIMARY KEY, company_id int, occurred_at timestamptz, billable bool, price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE TABLE hostile.seen (who name);
CREATE FUNCTION hostile.note() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hostile.seen VALUES (current_user);
    PERFORM set_config('search_path', 'hostile', false);
    RETURN 1;
END
$$;
CREATE FUNCTION hostile.index_code(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN hostile.note(); END $$;
CREATE FUNCTION hostile.policy_code() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN hostile.note() = 1; END $$;
INSERT INTO hostile.usage (company_id, occurred_at, billable, price_twin) VALUES (11, '2024-03-01 00:01+00', true, 1);
CREATE INDEX ON hostile.usage (id) WHERE hostile.index_code(1) = 1;
RESET ROLE;
RESET search_path;
SHOW search_path \gset
CREATE FUNCTION pg_temp.as_owner(command text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE hostile_owner;
    EXECUTE command;
    RESET ROLE;
END
$$;
SELECT lives_ok('SELECT pg_temp.as_owner(''SELECT reseller_report.attach_source(''''bot'''', ''''hostile.usage'''')'')', 'a table with code in an index is attached');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-01', '2025-01-01') WHERE id = 11), 1.0, 'and read');
SELECT set_eq('SELECT DISTINCT who FROM hostile.seen', 'VALUES (''hostile_owner''::name)', 'the code runs as the table''s owner only');
SELECT is(current_setting('search_path'), :'search_path', 'and leaves the session''s settings alone');
CREATE POLICY p ON hostile.usage USING (hostile.policy_code());
ALTER TABLE hostile.usage ENABLE ROW LEVEL SECURITY;
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-01', '2025-01-01') WHERE id = 11), 1.0, 'row-level security does not filter the owner');
ALTER TABLE hostile.usage FORCE ROW LEVEL SECURITY;
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''2024-01-01'', ''2025-01-01'')', '55000', NULL, 'where it would, the report refuses to answer');
ALTER TABLE hostile.usage NO FORCE ROW LEVEL SECURITY;

-- A partition hides its rows from its owner, who reads them with the whole table all the same: it counts as one with rows.
SET ROLE hostile_owner;
CREATE TABLE hostile.bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(9,2), price_reseller numeric(9,2)) PARTITION BY RANGE (occurred_at);
CREATE TABLE hostile.bots_default PARTITION OF hostile.bots DEFAULT;
CREATE TABLE hostile.bots_2023_01 (LIKE hostile.bots);
INSERT INTO hostile.bots_2023_01 VALUES (11, '2023-01-10', true, 3, 4);
ALTER TABLE hostile.bots_2023_01 ENABLE ROW LEVEL SECURITY;
ALTER TABLE hostile.bots_2023_01 FORCE ROW LEVEL SECURITY;
SELECT reseller_report.attach_source('bot', 'hostile.bots') \g /dev/null
RESET ROLE;
SELECT reseller_report.materialize() \g /dev/null
ALTER TABLE hostile.bots ATTACH PARTITION hostile.bots_2023_01 FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2023-02-01 00:00+00');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2023-01-01', '2023-12-01') WHERE id = 11), 3.0, 'rows that a partition hides from its owner count');
CALL reseller_report.rebuild('hostile.bots');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2023-01-01', '2023-12-01') WHERE id = 11), 3.0, 'and are rebuilt');
SELECT is_empty($$SELECT * FROM reseller_report.verify('2023-01-01', '2023-12-01')$$, 'and verified');
INSERT INTO hostile.bots VALUES (11, '2023-05-10', true, 5, 6);
ALTER TABLE hostile.bots_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE hostile.bots_default FORCE ROW LEVEL SECURITY;
SELECT throws_ok('SELECT * FROM reseller_report.create_partitions(''0'', ''hostile.bots'')', '55000', NULL, 'no partition is made by what it hides');
ALTER TABLE hostile.bots_default NO FORCE ROW LEVEL SECURITY;
SELECT set_has('SELECT period_from FROM reseller_report.create_partitions(''0'', ''hostile.bots'')', 'VALUES (timestamptz ''2023-05-01 00:00+00'')', 'but where it hides nothing');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2023-01-01', '2023-12-01') WHERE id = 11), 8.0, 'and figures stay');
SELECT reseller_report.detach_source('hostile.bots') \g /dev/null
DROP TABLE hostile.bots;

-- A mapped column of another type.
DROP INDEX hostile.usage_id_idx;
SET search_path = :search_path;
ALTER TABLE hostile.usage ALTER price_twin TYPE bigint USING 1;
SELECT lives_ok('INSERT INTO hostile.usage (company_id, occurred_at, billable, price_twin) VALUES (11, ''2024-03-01'', true, 2)', 'a retyped column does not stop the write');
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''2024-01-01'', ''2025-01-01'')', '55000', NULL, 'but the report');
ALTER TABLE hostile.usage ALTER price_twin TYPE numeric(15,6), ALTER company_id TYPE text, ALTER occurred_at TYPE text;
SELECT lives_ok('INSERT INTO hostile.usage (company_id, occurred_at, billable, price_twin) VALUES (''x'', ''y'', true, 2)', 'nor does any other');
DROP SCHEMA hostile CASCADE;
DROP OWNED BY hostile_owner;
DROP ROLE hostile_owner;
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '2024-01-01', '2025-01-01')), 0::numeric, 'a dropped table is out of the reports');

-- A trigger of the usage statement moves the company, in a transaction that has folded.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2024-03-01 00:01+00', 5);
CREATE FUNCTION move_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.move_company(11, NEW.id % 3 + 1, '2024-01-01 00:00+00');
    RETURN NEW;
END
$$;
CREATE TRIGGER a_move_after AFTER INSERT ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION move_at_once();
CREATE TRIGGER z_move_after AFTER INSERT ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION move_at_once();
CREATE TRIGGER move_before BEFORE INSERT ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION move_at_once();
BEGIN;
SELECT reseller_report.materialize() \g /dev/null
INSERT INTO usage.bot_message (id, company_id, occurred_at, price_twin) SELECT n, 11, '2024-03-01 00:01+00', 1 FROM generate_series(1000001, 1000005) n;
SELECT oracle.agrees('moved by triggers of the statement that writes, after a fold');
SELECT reseller_report.materialize() \g /dev/null
INSERT INTO usage.bot_message (id, company_id, occurred_at, price_twin) SELECT n, 11, '2024-03-01 00:01+00', 1 FROM generate_series(1000006, 1000009) n;
COMMIT;
SELECT oracle.agrees('committed');
SELECT reseller_report.materialize() \g /dev/null
SELECT oracle.agrees('folded');
DROP TRIGGER a_move_after ON usage.bot_message;
DROP TRIGGER z_move_after ON usage.bot_message;
DROP TRIGGER move_before ON usage.bot_message;

-- A report from a function in the statement that writes, before its triggers have fired.
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT count(*) FROM oracle.differences(1, '-infinity', 'infinity') $$;
CREATE FUNCTION pg_temp.insert_and_compare() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (14, '2024-03-01 00:01+00', 1) RETURNING differences() INTO n;
    RETURN n;
END
$$;
SELECT is(pg_temp.insert_and_compare(), 0::bigint, 'a report in RETURNING');
WITH written AS (INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (14, '2024-03-01 00:01+00', 1) RETURNING 1)
    SELECT is(differences(), 0::bigint, 'a report beside a data-modifying WITH') FROM written;
SELECT oracle.agrees('after both');

-- The ends of ids, of time and of amounts.
INSERT INTO reseller_report.company VALUES (-9223372036854775808, 'Least', true), (9223372036854775807, 'Greatest', false), (0, 'Zero', false);
INSERT INTO reseller_report.dependency VALUES (-9223372036854775808, 9223372036854775807), (-9223372036854775808, 0);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (9223372036854775807, '2024-03-01 00:01+00', 3), (0, '2024-03-01 00:01+00', 4);
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT id, total_price_to_twin FROM reseller_report.bot(-9223372036854775808, ''-infinity'', ''infinity'')',
    'VALUES (0::bigint, 4.0), (9223372036854775807, 3.0)', 'the ends of ids');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (16, '4714-11-24 00:00:00+00 BC', 7), (16, '294276-12-31 23:59:59.999999+00', 8);
SELECT reseller_report.materialize() \g /dev/null
SELECT is(differences(), 0::bigint, 'the ends of time');
SELECT lives_ok('SELECT bucket::text FROM reseller_report.usage_year UNION ALL SELECT bucket::text FROM reseller_report.usage_month', 'have buckets that can be dumped');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT 14, '2024-03-01 00:01+00', 999999999.999999 FROM generate_series(1, 10000);
SET client_min_messages = error;
SELECT reseller_report.materialize() \g /dev/null
RESET client_min_messages;
SELECT lives_ok('UPDATE reseller_report.dependency SET reseller_id = 3 WHERE company_id = 14', 'a company with figures beyond 64 bits moves');
SELECT oracle.agrees('and its figures with it');
CREATE TABLE calls (company_id int, direction text, occurred_at timestamptz, duration_seconds bigint, price_twin numeric(15,6), price_reseller numeric(15,6));
SELECT reseller_report.attach_source('telephony', 'calls') \g /dev/null
SELECT throws_ok('INSERT INTO calls VALUES (16, ''outgoing'', now(), -9223372036854775808, 0, 0)', '22003', NULL, 'a duration beyond reason');

-- A table that is connected in the transaction that emptied it is empty for that transaction only: no company takes figures along.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT n, '2024-03-01', n FROM generate_series(11, 40) n;
BEGIN;
SELECT reseller_report.detach_source('usage.bot_message') \g /dev/null
DELETE FROM usage.bot_message;
SELECT reseller_report.attach_source('bot', 'usage.bot_message') \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3 WHERE reseller_id IN (1, 2, 3) AND company_id > 11;
SELECT oracle.agrees('emptied, connected, and companies moved, in one transaction');
ROLLBACK;

-- Rows from before attaching that cannot be counted can be mended.
CREATE TABLE faxes (company_id int, channel text, delivered_at timestamptz, occurred_at timestamptz, price_twin numeric(15,6), price_reseller numeric(1000,6));
INSERT INTO faxes VALUES (11, 'fax', NULL, now(), 1, 0), (11, 'sms', NULL, 'infinity', 1, 0);
SELECT reseller_report.attach_source('text_messaging', 'faxes') \g /dev/null
SELECT throws_ok(format('SELECT * FROM reseller_report.text_messaging(%s, ''-infinity'', ''infinity'')', reseller_id), '23514', NULL, 'rows that cannot be counted stop the report')
    FROM reseller_report.dependency WHERE company_id = 11 AND during @> now();
SELECT lives_ok('DELETE FROM faxes WHERE occurred_at = ''infinity''', 'and can be deleted');
SELECT lives_ok('UPDATE faxes SET channel = ''sms''', 'or mended');
SELECT is((SELECT sum(price_sms) FROM reseller_report.text_messaging(3, '-infinity', 'infinity')) + (SELECT sum(price_sms) FROM reseller_report.text_messaging(1, '-infinity', 'infinity'))
    + (SELECT sum(price_sms) FROM reseller_report.text_messaging(2, '-infinity', 'infinity')), 1::numeric, 'and then count');
SELECT throws_ok('INSERT INTO faxes (company_id, channel, occurred_at) VALUES (11, repeat(''x'', 99) || ''жжж'', now())', '23514', NULL, 'a long value is cut between characters');
SELECT throws_ok('INSERT INTO faxes VALUES (11, ''sms'', NULL, now(), 1, (''1'' || repeat(''0'', 900))::numeric)', '22003', 'column "price_reseller" of table "faxes" holds an amount of 10^9 or more', 'an amount with hundreds of digits');
SELECT * FROM finish();
