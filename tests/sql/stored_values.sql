-- A column is counted by its value in the row that the trigger sees. Values from defaults, generation expressions and BEFORE
-- triggers, also in partitions whose columns are in another order, are as a query reads them. A virtual column, which is not in the
-- row, is refused.
SELECT no_plan();
SELECT setseed(0.6) \g /dev/null
SET client_min_messages = error;
SELECT current_setting('server_version_num')::int >= 170000 AS sets_expressions,
    current_setting('server_version_num')::int >= 180000 AS has_virtual \gset
DROP SCHEMA usage CASCADE;
SELECT random_usage.companies() \g /dev/null
CREATE SCHEMA app;
CREATE SCHEMA usage;
-- Everything that is counted is generated, or comes by default or by a trigger.
CREATE TABLE app.event (
    id int, firm int, epoch bigint, cents int, plan text, test text,
    moment timestamptz GENERATED ALWAYS AS (to_timestamp(epoch)) STORED,
    price numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) STORED,
    paid boolean GENERATED ALWAYS AS (plan = 'paid') STORED,
    counts boolean GENERATED ALWAYS AS (test IS NULL) STORED) PARTITION BY RANGE (epoch);
CREATE TABLE app.first (counts boolean GENERATED ALWAYS AS (test IS NULL) STORED, gone int, test text,
    paid boolean GENERATED ALWAYS AS (plan = 'paid') STORED, id int, plan text,
    price numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) STORED, cents int, epoch bigint,
        moment timestamptz GENERATED ALWAYS AS (to_timestamp(epoch)) STORED, firm int);
ALTER TABLE app.first DROP COLUMN gone;
ALTER TABLE app.event ATTACH PARTITION app.first FOR VALUES FROM (MINVALUE) TO (1709251200);
CREATE TABLE app.rest PARTITION OF app.event DEFAULT;
CREATE FUNCTION app.settle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.cents := NEW.cents + 1;
    NEW.plan := CASE WHEN NEW.id % 3 = 0 THEN 'paid' ELSE NEW.plan END;
    NEW.test := CASE WHEN NEW.id % 5 = 0 THEN 'yes' END;
    RETURN NEW;
END
$$;
CREATE TRIGGER settle BEFORE INSERT OR UPDATE ON app.event FOR EACH ROW EXECUTE FUNCTION app.settle();
CREATE VIEW usage.text_message AS SELECT 1::bigint AS company_id, 'sms' AS channel, now() AS occurred_at, now() AS delivered_at,
    0 AS price_twin, 0 AS price_reseller WHERE false;
CREATE VIEW usage.chat_message AS SELECT 1::bigint AS company_id, 'bot' AS sender, false AS via_alice, now() AS occurred_at,
    0 AS price_twin, 0 AS price_reseller WHERE false;
CREATE VIEW usage.phone_call AS SELECT 1 AS id, 1::bigint AS company_id, 'incoming' AS direction, now() AS occurred_at,
    0 AS duration_seconds, 0 AS price_twin, 0 AS price_reseller WHERE false;
CREATE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, to_timestamp(epoch) AS occurred_at, plan = 'paid' AS billable, cents * 0.01 AS price_twin,
        0::numeric AS price_reseller FROM app.event WHERE test IS NULL;
CREATE FUNCTION pg_temp.write(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.event (id, firm, epoch, cents, plan) SELECT n, 11 + random() * 29,
        extract(epoch FROM random_usage.moment())::bigint, random() * 1000, 'free' FROM generate_series(first, last) n
$$;
SELECT reseller_report.attach_source('bot', 'app.event',
    '{"company_id": "firm", "occurred_at": "moment", "price_twin": "price", "price_reseller": {"value": 0}, "billable": "paid", '
    '"only": {"counts": [true]}}') \g /dev/null
SELECT is((SELECT is_built FROM reseller_report.sources()), true, 'built: capture says what is there');
SELECT pg_temp.write(1, 200) \g /dev/null
SELECT oracle.agrees('generated from what a BEFORE trigger settled');
UPDATE app.event SET firm = 12 WHERE id % 4 = 0;
UPDATE app.event SET epoch = epoch + 86400 * 20 WHERE id % 7 = 0;
UPDATE app.event SET plan = 'paid' WHERE id % 2 = 0;
DELETE FROM app.event WHERE id % 11 = 0;
SELECT oracle.agrees('changed, also from one partition to another');
-- What ADD COLUMN gave old rows is not in them.
ALTER TABLE app.event ADD COLUMN region text DEFAULT 'north', ADD COLUMN fee numeric(9,3) DEFAULT 1.5;
SELECT reseller_report.detach_source('app.event') \g /dev/null
SELECT reseller_report.attach_source('bot', 'app.event',
    '{"company_id": "firm", "occurred_at": "moment", "price_twin": "price", "price_reseller": "fee", "billable": "paid",
    "only": {"counts": [true], "region": ["north"]}}') \g /dev/null
SELECT reseller_report.rebuild_slice('app.event', '-infinity', 'infinity') \g /dev/null
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, to_timestamp(epoch) AS occurred_at, plan = 'paid' AS billable, cents * 0.01 AS price_twin,
        fee::numeric AS price_reseller FROM app.event WHERE test IS NULL AND region = 'north';
UPDATE app.event SET region = 'south' WHERE id % 6 = 0;
UPDATE app.event SET fee = 2.5 WHERE id % 6 = 1;
DELETE FROM app.event WHERE id % 6 = 2;
SELECT oracle.agrees('columns that rows from before do not hold');
SELECT is((SELECT is_built FROM reseller_report.sources()), true, 'still by capture');

-- Tables of a composite type.
CREATE TYPE app.talk AS (firm int, said text, at timestamptz, cost numeric(9,3));
CREATE TABLE app.talks OF app.talk;
SELECT reseller_report.attach_source('bot', 'app.talks',
    '{"company_id": "firm", "occurred_at": "at", "price_twin": "cost", "price_reseller": {"value": 0}, '
    '"billable": {"column": "said", "values": {"yes": true}, "other": false}}') \g /dev/null
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, to_timestamp(epoch) AS occurred_at, plan = 'paid' AS billable, cents * 0.01 AS price_twin,
        fee::numeric AS price_reseller FROM app.event WHERE test IS NULL AND region = 'north'
    UNION ALL SELECT firm, at, said = 'yes', cost::numeric, 0 FROM app.talks;
INSERT INTO app.talks SELECT 11 + random() * 29, CASE WHEN random() < 0.5 THEN 'yes' ELSE 'no' END, random_usage.moment(), 1.5
    FROM generate_series(1, 50);
UPDATE app.talks SET said = 'yes' WHERE firm % 2 = 0;
SELECT oracle.agrees('a table of a composite type');

-- System columns are none of a mapping's.
SELECT throws_ok('SELECT reseller_report.attach_source(''bot'', ''app.first'', ''{"company_id": "tableoid"}'')', '42809', NULL,
    'a partition');
CREATE TABLE app.plain (company_id bigint, occurred_at timestamptz, price_twin numeric(9,3), price_reseller numeric(9,3),
    billable boolean);
SELECT throws_ok(format('SELECT reseller_report.attach_source(''bot'', ''app.plain'', ''{"%s": "tableoid"}'')', role), '42703',
    'table "app.plain" has no column "tableoid"', role)
    FROM (VALUES ('company_id'), ('price_twin'), ('billable')) AS r (role);

-- Rows that are moved to a partition of their own take along what is generated beside what is counted.
CREATE TABLE app.month (firm int, at timestamptz, cents int, double int GENERATED ALWAYS AS (cents * 2) STORED,
    p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) STORED) PARTITION BY RANGE (at);
CREATE TABLE app.month_rest (p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) STORED, at timestamptz, firm int,
    double int GENERATED ALWAYS AS (cents * 2) STORED, cents int);
ALTER TABLE app.month ATTACH PARTITION app.month_rest DEFAULT;
\if :has_virtual
ALTER TABLE app.month ADD COLUMN half int GENERATED ALWAYS AS (cents / 2) VIRTUAL,
    ADD COLUMN late boolean GENERATED ALWAYS AS (at > '2024-03-01 00:00+00');
\endif
SELECT reseller_report.attach_source('bot', 'app.month',
    '{"company_id": "firm", "occurred_at": "at", "price_twin": "p", "price_reseller": {"value": 0}, "billable": {"value": true}}')
        \g /dev/null
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, to_timestamp(epoch) AS occurred_at, plan = 'paid' AS billable, cents * 0.01 AS price_twin,
        fee::numeric AS price_reseller FROM app.event WHERE test IS NULL AND region = 'north'
    UNION ALL SELECT firm, at, said = 'yes', cost::numeric, 0 FROM app.talks UNION ALL SELECT firm, at, true, cents * 0.01, 0
        FROM app.month;
INSERT INTO app.month (firm, at, cents) SELECT 11 + random() * 29, random_usage.moment(), random() * 1000
    FROM generate_series(1, 50);
SELECT isnt_empty('SELECT * FROM reseller_report.create_partitions(''1 day'', ''app.month'')', 'rows are moved');
SELECT is_empty('SELECT * FROM app.month WHERE double <> cents * 2 OR p <> cents * 0.01', 'with what was generated');
UPDATE app.month SET cents = cents + 1 WHERE firm % 2 = 0;
SELECT oracle.agrees('moved, and changed');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'app.month'::regclass), true, 'by capture');
DROP TABLE app.month CASCADE;
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, to_timestamp(epoch) AS occurred_at, plan = 'paid' AS billable, cents * 0.01 AS price_twin,
        fee::numeric AS price_reseller FROM app.event WHERE test IS NULL AND region = 'north'
    UNION ALL SELECT firm, at, said = 'yes', cost::numeric, 0 FROM app.talks;

-- What a stored column is made of stops being generated, or is generated otherwise.
ALTER TABLE app.event ALTER COLUMN price DROP EXPRESSION;
UPDATE app.event SET price = 7 WHERE id % 3 = 1;
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, to_timestamp(epoch) AS occurred_at, plan = 'paid' AS billable, price::numeric AS price_twin,
        fee::numeric AS price_reseller FROM app.event WHERE test IS NULL AND region = 'north'
    UNION ALL SELECT firm, at, said = 'yes', cost::numeric, 0 FROM app.talks;
SELECT oracle.agrees('DROP EXPRESSION');
\if :sets_expressions
ALTER TABLE app.event ALTER COLUMN paid SET EXPRESSION AS (plan <> 'free');
SELECT alike((SELECT unbuilt_reasons FROM reseller_report.sources() WHERE source = 'app.event'::regclass), '%rewritten%',
    'SET EXPRESSION un-builds');
UPDATE app.event SET plan = 'gold' WHERE id % 4 = 1;
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, to_timestamp(epoch) AS occurred_at, plan <> 'free' AS billable,
        price::numeric AS price_twin, fee::numeric AS price_reseller FROM app.event WHERE test IS NULL AND region = 'north'
    UNION ALL SELECT firm, at, said = 'yes', cost::numeric, 0 FROM app.talks;
SELECT oracle.agrees('SET EXPRESSION');
SELECT reseller_report.rebuild_slice('app.event', '-infinity', 'infinity') \g /dev/null
UPDATE app.event SET plan = 'free' WHERE id % 4 = 2;
SELECT oracle.agrees('SET EXPRESSION, built');
\endif

\if :has_virtual
-- The value is refused however it is mapped, and the hint says STORED.
CREATE TABLE app.virtual (id int, firm int, at timestamptz, cents int, plan text, f int GENERATED ALWAYS AS (firm),
    a timestamptz GENERATED ALWAYS AS (at),
    p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01), b boolean GENERATED ALWAYS AS (plan = 'paid'),
        k text GENERATED ALWAYS AS (plan));
CREATE FUNCTION pg_temp.refused(service text, columns jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM reseller_report.attach_source(service, 'app.virtual',
        '{"company_id": "firm", "occurred_at": "at", "price_twin": {"column": "cents", "unit": "0.01"}, '
        '"price_reseller": {"value": 0}}' || columns);
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN hint LIKE '%STORED%' THEN '' ELSE ', without STORED' END;
END
$$;
SELECT is(pg_temp.refused(service, columns::jsonb),
    format('42804 column "%s" of table "app.virtual" is a virtual generated column, whose value is not in the row', column_name),
        columns) FROM (VALUES
    ('bot', 'f', '{"billable": {"value": true}, "company_id": "f"}'),
    ('bot', 'a', '{"billable": {"value": true}, "occurred_at": "a"}'),
    ('bot', 'p', '{"billable": {"value": true}, "price_twin": "p"}'),
    ('bot', 'p', '{"billable": {"value": true}, "price_reseller": "p"}'), ('bot', 'b', '{"billable": "b"}'),
    ('bot', 'k', '{"billable": {"column": "k", "values": {"paid": true}, "other": false}}'),
    ('bot', 'b', '{"billable": {"value": true}, "only": {"b": [true]}}'),
    ('bot', 'k', '{"billable": {"value": true}, "only": {"k": ["paid", null]}}'),
    ('text_messaging', 'k', '{"channel": "k", "delivered": {"value": true}}'),
    ('text_messaging', 'b', '{"channel": {"value": "sms"}, "delivered": "b"}'),
    ('text_messaging', 'a', '{"channel": {"value": "sms"}, "delivered": "a"}'),
    ('chat', 'k', '{"sender": "k", "via_alice": {"value": true}}'), ('chat', 'b', '{"sender": {"value": "bot"}, "via_alice": "b"}'),
    ('telephony', 'k', '{"direction": "k", "duration_seconds": {"value": 0}}'),
        ('telephony', 'f', '{"direction": {"value": "incoming"}, "duration_seconds": "f"}')) AS given (service,
            column_name, columns);
SELECT is(pg_temp.refused('bot', '{"id": "f", "billable": {"value": true}}'),
    '42703 table "app.virtual" has no stored column "f", without STORED', 'nor as the id');

-- One that becomes virtual later: the days are un-built, writes go on, and reports say so until it is stored.
SELECT reseller_report.detach_source('app.event') \g /dev/null
CREATE TABLE app.later (firm int, at timestamptz, cents int, p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) STORED);
SELECT reseller_report.attach_source('bot', 'app.later',
    '{"company_id": "firm", "occurred_at": "at", "price_twin": "p", "price_reseller": {"value": 0}, "billable": {"value": true}}')
        \g /dev/null
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, at AS occurred_at, true AS billable, cents * 0.01 AS price_twin,
        0::numeric AS price_reseller FROM app.later
    UNION ALL SELECT firm, at, said = 'yes', cost::numeric, 0 FROM app.talks;
INSERT INTO app.later SELECT 11 + random() * 29, random_usage.moment(), random() * 1000 FROM generate_series(1, 50);
SELECT oracle.agrees('stored');
ALTER TABLE app.later DROP COLUMN p, ADD COLUMN p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01);
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'app.later'::regclass), false, 'un-built');
SELECT lives_ok('INSERT INTO app.later SELECT 11 + random() * 29, random_usage.moment(), random() * 1000 FROM generate_series(1, '
    '50)', 'writes go on');
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', '55000',
    'usage table app.later can no longer be read: column "p" is virtual, and its value is not in the row', 'reports say so');
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''app.later'', ''-infinity'', ''infinity'')', '55000', NULL,
    'nor can it be built');
ALTER TABLE app.later DROP COLUMN p, ADD COLUMN p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) STORED;
SELECT oracle.agrees('stored again');
SELECT reseller_report.rebuild_slice('app.later', '-infinity', 'infinity') \g /dev/null
UPDATE app.later SET cents = cents + 1;
SELECT oracle.agrees('stored again, built');
-- A partition cannot differ in what is stored.
CREATE TABLE app.parted (firm int, at timestamptz, cents int, p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) STORED)
    PARTITION BY RANGE (at);
CREATE TABLE app.part (firm int, at timestamptz, cents int, p numeric(15,6) GENERATED ALWAYS AS (cents * 0.01) VIRTUAL);
SELECT throws_ok('ALTER TABLE app.parted ATTACH PARTITION app.part DEFAULT', NULL, NULL,
    'the server refuses a partition with a virtual column for a stored one');
CREATE TABLE app.parted_plain (firm int, at timestamptz, cents int, p numeric(15,6)) PARTITION BY RANGE (at);
SELECT throws_ok('ALTER TABLE app.parted_plain ATTACH PARTITION app.part DEFAULT', NULL, NULL, 'and for one that is not generated');
SELECT throws_ok('CREATE TABLE app.other_part PARTITION OF app.parted_plain (p GENERATED ALWAYS AS (cents * 0.01)) DEFAULT', NULL,
    NULL, 'also when it is made');
\endif
SELECT * FROM finish();
