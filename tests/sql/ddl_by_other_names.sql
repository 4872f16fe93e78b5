-- DDL is followed by what it does, not by what it is called: ALTER INDEX renames tables, ALTER VIEW their columns, CREATE SCHEMA
-- makes partitions, and DROP TYPE drops columns.
SELECT no_plan();
\ir ../lib/steps.sql
SELECT random_usage.events(30) \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.step('ALTER TABLE usage.text_message DROP COLUMN price_reseller, ADD COLUMN price_reseller numeric(15,6) NOT NULL '
    'DEFAULT 0', 'column price_reseller was dropped');
CALL oracle.rebuild();
SELECT pg_temp.step('ALTER INDEX usage.text_message RENAME TO messages; ALTER TABLE usage.messages RENAME TO text_message', NULL);
SELECT pg_temp.step('ALTER INDEX usage.phone_call_default RENAME TO calls_rest; TRUNCATE usage.calls_rest',
    'TRUNCATE of usage.calls_rest');
CALL oracle.rebuild();
SELECT pg_temp.step('ALTER VIEW usage.phone_call RENAME COLUMN duration_seconds TO secs; INSERT INTO usage.phone_call (company_id, '
    'direction, occurred_at, secs) VALUES (11, ''incoming'', ''2024-03-01'', 7);
    ALTER TABLE usage.phone_call RENAME COLUMN secs TO duration_seconds', NULL);
SELECT pg_temp.step('CREATE SCHEMA other CREATE TABLE bots PARTITION OF usage.bot_message '
    'FOR VALUES FROM (''2031-01-01 00:00+00'') TO (''2031-02-01 00:00+00'')', NULL);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2031-01-10', 5);
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.step('TRUNCATE other.bots', 'TRUNCATE of other.bots');
CALL oracle.rebuild();

-- Columns that go with a type or a function.
CREATE TYPE seen AS ENUM ('yes', 'no');
CREATE TABLE app_text (company_id bigint, channel text, occurred_at timestamptz, seen seen, price_twin numeric(15,6),
    price_reseller numeric(15,6));
SELECT reseller_report.attach_source('text_messaging', 'app_text', '{"delivered": "seen", "delivered_values": ["yes"]}')
    \g /dev/null
DROP TYPE seen CASCADE;
SELECT is(oracle.why(), 'column seen was dropped', 'DROP TYPE drops the column');
SELECT throws_ok('SELECT * FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'')', '55000', NULL,
    'and the report refuses to answer, instead of leaving it out');
DROP TABLE app_text;
CREATE TYPE record_of_usage AS (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6));
CREATE TABLE typed OF record_of_usage;
SELECT reseller_report.attach_source('bot', 'typed') \g /dev/null
ALTER TYPE record_of_usage RENAME ATTRIBUTE price_twin TO price CASCADE;
INSERT INTO typed VALUES (11, '2024-03-01', true, 5, 5);
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.company c,
    reseller_report.bot(c.company_id, '-infinity', 'infinity') WHERE c.is_reseller),
    (SELECT coalesce(sum(price_twin), 0) + 5 FROM usage.bot_message m
        JOIN reseller_report.dependency d ON d.company_id = m.company_id AND d.during @> m.occurred_at),
            'a renamed attribute of a typed table is followed');
DROP TABLE typed;
SELECT reseller_report.materialize() \g /dev/null
SELECT * FROM finish();
