-- A mapped column that gets another type stops no write. Where the mapping still says what the values mean, reports go on exactly;
-- else they refuse to answer until the type is back.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql

-- Types that the mapping cannot read.
CREATE TABLE bots (company_id int, occurred_at timestamptz, billable bool, price_twin numeric(15,6), price_reseller numeric(15,6));
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-01 00:01+00', true, 1);
ALTER TABLE bots ALTER price_twin TYPE bigint USING 1;
SELECT lives_ok('INSERT INTO bots (company_id, occurred_at, billable, price_twin) VALUES (11, ''2024-03-01'', true, 2)',
    'a column of a type that cannot be read does not stop a write');
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''2024-01-01'', ''2025-01-01'')', '55000', NULL,
    'but the report refuses to answer');
ALTER TABLE bots ALTER price_twin TYPE numeric(15,6), ALTER company_id TYPE text, ALTER occurred_at TYPE text;
SELECT lives_ok('INSERT INTO bots (company_id, occurred_at, billable, price_twin) VALUES (''x'', ''y'', true, 2)',
    'columns of other types stop no write either');
SELECT pg_temp.gone('bots') \g /dev/null

-- A clock's times that become moments stay the moments they were, and new rows need no zone any more.
CREATE TABLE bots (company_id integer, at timestamp, billable boolean, price_twin integer, price_reseller integer);
SELECT reseller_report.attach_source('bot', 'bots', '{"occurred_at": {"column": "at", "time_zone": "+03:00"}}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 13:07', true, 1, 2);
\set clock '(SELECT company_id, at AT TIME ZONE interval \'03:00\' AS occurred_at, billable, price_twin, price_reseller FROM bots)'
\set moments '(SELECT company_id, at AS occurred_at, billable, price_twin, price_reseller FROM bots)'
SELECT pg_temp.right('times of a clock', :'clock');
ALTER TABLE bots ALTER at TYPE timestamptz USING at AT TIME ZONE interval '+03:00';
SELECT pg_temp.right('times of a clock that became moments', :'moments');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 20);
SELECT pg_temp.right('and a new row', :'moments');
SELECT pg_temp.rebuild('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:22+00', true, 100, 200);
UPDATE bots SET price_twin = price_twin + 1;
SELECT pg_temp.right('and rebuilt', :'moments');
SELECT pg_temp.gone('bots') \g /dev/null
-- Moments that become times of a clock say no more which.
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 1, 2);
SELECT reseller_report.materialize() \g /dev/null
SET timezone = 'Europe/Moscow';
ALTER TABLE bots ALTER occurred_at TYPE timestamp;
RESET timezone;
SELECT is(pg_temp.state('SELECT reseller_report.bot(1, ''2024-03-01'', ''2024-04-01'')'), '55000',
    'moments that became times of a clock: no report');
SELECT is(pg_temp.state('INSERT INTO bots VALUES (11, ''2024-03-05 13:07'', true, 10, 20)'), '00000', 'writes go on');
SELECT is(pg_temp.state('SELECT reseller_report.bot(1, ''2024-03-01'', ''2024-04-01'')'), '55000',
    'no report with what was written since');
SELECT isnt(pg_temp.state('SELECT reseller_report.rebuild_slice(''bots'', ''-infinity'', ''infinity'')'), '00000',
    'the table cannot be rebuilt');
ALTER TABLE bots ALTER occurred_at TYPE timestamptz USING occurred_at AT TIME ZONE interval '03:00';
SELECT pg_temp.right('until they are moments again', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null
-- The words of delivery mean nothing in a boolean.
CREATE TABLE texts (company_id integer, occurred_at timestamptz, channel text, status text, price_twin integer,
    price_reseller integer);
SELECT reseller_report.attach_source('text_messaging', 'texts', '{"delivered": "status", "delivered_values": ["delivered"]}')
    \g /dev/null
INSERT INTO texts VALUES (11, '2024-03-05 10:07+00', 'sms', 'delivered', 1, 0), (11, '2024-03-05 10:07+00', 'sms', 'sent', 1, 0),
    (11, '2024-03-05 10:07+00', 'sms', 'failed', 1, 0);
SELECT is((SELECT delivered_sms FROM reseller_report.text_messaging(1, '2024-03-01', '2024-04-01') WHERE id = 11), 1::bigint,
    'words of delivery count');
ALTER TABLE texts ALTER status TYPE boolean USING status = 'delivered';
SELECT is(pg_temp.state('SELECT reseller_report.text_messaging(1, ''2024-03-01'', ''2024-04-01'')'), '55000',
    'words of delivery that became a boolean: no report');
ALTER TABLE texts ALTER status TYPE text USING CASE WHEN status THEN 'delivered' ELSE 'sent' END;
SELECT is((SELECT delivered_sms FROM reseller_report.text_messaging(1, '2024-03-01', '2024-04-01') WHERE id = 11), 1::bigint,
    'words count when they are there again');
SELECT pg_temp.gone('texts') \g /dev/null
SELECT * FROM finish();
