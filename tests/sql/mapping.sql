-- Tables of an application's own shape connect by columns, constants, value maps, conditions, units and zones, and reports are
-- exact before, while and after they are built. Views in schema usage say in plain SQL what the mappings mean; the oracle reads
-- those.
SELECT no_plan();
SELECT setseed(0.7) \g /dev/null
SET client_min_messages = error;
DROP SCHEMA usage CASCADE;
SELECT random_usage.companies() \g /dev/null
CREATE SCHEMA app;
CREATE TYPE app.state AS ENUM ('queued', 'sent', 'delivered', 'read', 'failed');
CREATE TYPE app.way AS ENUM ('in', 'out', 'internal');
CREATE TABLE app.message (customer smallint, type integer, state app.state, at timestamp, cents integer, fee numeric(10,2),
    test boolean DEFAULT false);
CREATE TABLE app.sms (customer integer, status char(12), sent timestamptz, cost bigint);
CREATE TABLE app.push (firm bigint, at timestamptz, seen timestamptz, price numeric(8,4));
CREATE TABLE app.talk (firm bigint, who text, source varchar(10), at timestamptz, price numeric(12,6), earned numeric(12,6));
CREATE TABLE app.line (firm bigint, way app.way, at timestamptz, took smallint, price numeric(12,6));
CREATE TABLE app.robot (firm bigint, plan text, at timestamptz, price numeric(12,6), earned numeric(12,6));
CREATE SCHEMA usage;
CREATE VIEW usage.text_message AS
    SELECT customer::bigint AS company_id, CASE type WHEN 1 THEN 'sms' WHEN 2 THEN 'viber' WHEN 3 THEN 'email' END AS channel,
        (at - interval '3 hours') AT TIME ZONE 'UTC' AS occurred_at,
        CASE WHEN state IN ('delivered', 'read') THEN now() END AS delivered_at,
        coalesce(cents, 0) * 0.01 AS price_twin, coalesce(fee, 0) AS price_reseller
    FROM app.message WHERE type <> 9 AND state IN ('sent', 'delivered', 'read') AND NOT test
    UNION ALL SELECT customer, 'sms', sent, CASE WHEN status = 'ok' THEN now() END, cost * 0.000001, 0 FROM app.sms
    UNION ALL SELECT firm, 'push', at, seen, price, 0.05 FROM app.push;
CREATE VIEW usage.chat_message AS
    SELECT firm AS company_id,
        CASE who WHEN 'human' THEN 'operator' WHEN 'machine' THEN 'bot' WHEN 'client' THEN 'user' END AS sender,
        source = 'alice' AS via_alice, at AS occurred_at, price AS price_twin, earned AS price_reseller
    FROM app.talk WHERE who <> 'system' AND source IS NOT NULL;
CREATE VIEW usage.phone_call AS
    SELECT 1 AS id, firm AS company_id, CASE way WHEN 'in' THEN 'incoming' ELSE 'outgoing' END AS direction, at AS occurred_at,
        coalesce(took, 0) AS duration_seconds, price AS price_twin, 0.5 AS price_reseller FROM app.line WHERE way <> 'internal';
CREATE VIEW usage.bot_message AS
    SELECT firm AS company_id, at AS occurred_at, plan = 'paid' AS billable, price AS price_twin, earned AS price_reseller
        FROM app.robot WHERE plan <> 'test';

CREATE FUNCTION pg_temp.write(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.message SELECT 11 + random() * 29, (ARRAY[1, 2, 3, 9])[1 + floor(random() * 4)],
        (enum_range(NULL::app.state))[1 + floor(random() * 5)],
        random_usage.moment() AT TIME ZONE 'UTC', CASE WHEN random() < 0.9 THEN (random() * 1000)::int - 100 END,
        (random() * 10)::numeric(10,2), random() < 0.1 FROM generate_series(1, n);
    INSERT INTO app.sms SELECT 11 + random() * 29, (ARRAY['ok', 'no', NULL])[1 + floor(random() * 3)], random_usage.moment(),
        random() * 1000000 FROM generate_series(1, n);
    INSERT INTO app.push SELECT 11 + random() * 29, random_usage.moment(), CASE WHEN random() < 0.5 THEN now() END, random() * 100
        FROM generate_series(1, n);
    INSERT INTO app.talk SELECT 11 + random() * 29, (ARRAY['human', 'machine', 'client', 'system'])[1 + floor(random() * 4)],
        (ARRAY['alice', 'web', 'ios', NULL])[1 + floor(random() * 4)], random_usage.moment(), random_usage.price(),
        random_usage.price() FROM generate_series(1, n);
    INSERT INTO app.line SELECT 11 + random() * 29, (enum_range(NULL::app.way))[1 + floor(random() * 3)], random_usage.moment(),
        CASE WHEN random() < 0.9 THEN random() * 300 END, random_usage.price() FROM generate_series(1, n);
    INSERT INTO app.robot SELECT 11 + random() * 29, (ARRAY['paid', 'free', 'test'])[1 + floor(random() * 3)],
        random_usage.moment(), random_usage.price(), random_usage.price()
        FROM generate_series(1, n);
$$;
CREATE FUNCTION pg_temp.change() RETURNS void LANGUAGE sql AS $$
    UPDATE app.message SET state = 'delivered' WHERE state = 'sent' AND random() < 0.5;
    UPDATE app.message SET test = NOT test WHERE random() < 0.1;
    UPDATE app.message SET type = 9 WHERE random() < 0.1;
    UPDATE app.message SET at = at + interval '90 minutes' WHERE random() < 0.1;
    UPDATE app.sms SET status = 'ok' WHERE random() < 0.1;
    UPDATE app.talk SET who = 'system' WHERE random() < 0.1;
    UPDATE app.talk SET source = CASE WHEN source IS NULL THEN 'alice' END WHERE random() < 0.2;
    UPDATE app.line SET way = 'out' WHERE random() < 0.2;
    UPDATE app.robot SET plan = 'paid' WHERE random() < 0.2;
    DELETE FROM app.push WHERE random() < 0.1;
$$;
CREATE FUNCTION pg_temp.attach() RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('text_messaging', 'app.message',
        '{"company_id": "customer", "occurred_at": {"column": "at", "time_zone": "+03:00"},
        "channel": {"column": "type", "values": {"1": "sms", "2": "viber", "3": "email", "9": null}},
        "delivered": "state", "delivered_values": ["delivered", "read"],
        "price_twin": {"column": "cents", "unit": "0.01"}, "price_reseller": "fee",
        "only": {"state": ["sent", "delivered", "read"], "test": [false]}}');
    SELECT reseller_report.attach_source('text_messaging', 'app.sms',
        '{"company_id": "customer", "occurred_at": "sent", "channel": {"value": "sms"},
        "delivered": {"column": "status", "delivered_values": ["ok"]},
        "price_twin": {"column": "cost", "unit": 0.000001}, "price_reseller": {"value": 0}}');
    SELECT reseller_report.attach_source('text_messaging', 'app.push',
        '{"company_id": "firm", "occurred_at": "at", "channel": {"value": "push"}, "delivered_at": "seen",
        "price_twin": "price", "price_reseller": {"value": "0.05"}}');
    SELECT reseller_report.attach_source('chat', 'app.talk',
        '{"company_id": "firm", "occurred_at": "at",
        "sender": {"column": "who", "values": {"human": "operator", "machine": "bot", "client": "user", "system": null}},
        "via_alice": {"column": "source", "values": {"alice": true, "web": false, "ios": false}},
        "price_twin": "price", "price_reseller": "earned",
        "only": {"source": ["alice", "web", "ios"]}}');
    SELECT reseller_report.attach_source('telephony', 'app.line',
        '{"company_id": "firm", "occurred_at": "at", "direction": {"column": "way", "values": {"in": "incoming", "out": "outgoing",
        "internal": null}}, "duration_seconds": "took", "price_twin": "price", "price_reseller": {"value": 0.5}}');
    SELECT reseller_report.attach_source('bot', 'app.robot',
        '{"company_id": "firm", "occurred_at": "at",
        "billable": {"column": "plan", "values": {"paid": true, "free": false, "test": null}},
        "price_twin": "price", "price_reseller": "earned"}');
$$;
SELECT pg_temp.write(200) \g /dev/null
SELECT pg_temp.attach() \g /dev/null
SELECT oracle.agrees('attached with rows, nothing built');
DO $$ BEGIN PERFORM pg_temp.write(30), pg_temp.change(); END $$;
SELECT oracle.agrees('changed, nothing built');
DO $$ BEGIN
    PERFORM reseller_report.rebuild_slice('app.message', '2024-02-10 00:00+00', '2024-03-05 00:00+00');
    PERFORM reseller_report.rebuild_slice(s.source, '-infinity', 'infinity') FROM reseller_report.sources() s
        WHERE s.service <> 'text_messaging';
END $$;
SELECT oracle.agrees('some built');
DO $$ BEGIN PERFORM pg_temp.write(30), pg_temp.change(); END $$;
SELECT oracle.agrees('some built, changed');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'folded');
SELECT oracle.agrees('some built, folded');
SELECT reseller_report.rebuild_slice(s.source, '-infinity', 'infinity') FROM reseller_report.sources() s \g /dev/null
SELECT is((SELECT bool_and(is_built) FROM reseller_report.sources()), true, 'all built');
DO $$ BEGIN PERFORM pg_temp.write(30), pg_temp.change(), random_usage.companies_moved(); END $$;
SELECT oracle.agrees('all built, changed, companies moved');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'folded');
SELECT oracle.agrees('all built, folded');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verify finds nothing');

-- Labels: one that the type gets later is known; a renamed one un-builds, and stands for what it is called now.
ALTER TYPE app.state ADD VALUE 'bounced';
INSERT INTO app.message VALUES (11, 1, 'bounced', '2024-03-01', 100, 1);
SELECT oracle.agrees('a label that a condition does not name');
SELECT is((SELECT bool_and(is_built) FROM reseller_report.sources()), true, 'ADD VALUE un-builds nothing');
ALTER TYPE app.state RENAME VALUE 'read' TO 'opened';
SELECT is((SELECT unbuilt_reasons FROM reseller_report.sources() WHERE source = 'app.message'::regclass),
    'a value of type app.state was renamed', 'RENAME VALUE un-builds, and says why');
INSERT INTO app.message VALUES (12, 2, 'opened', '2024-03-01', 100, 1), (12, 2, 'sent', '2024-03-01', 100, 1);
CREATE OR REPLACE VIEW usage.text_message AS
    SELECT customer::bigint AS company_id, CASE type WHEN 1 THEN 'sms' WHEN 2 THEN 'viber' WHEN 3 THEN 'email' END AS channel,
        (at - interval '3 hours') AT TIME ZONE 'UTC' AS occurred_at, CASE WHEN state = 'delivered' THEN now() END AS delivered_at,
        coalesce(cents, 0) * 0.01 AS price_twin, coalesce(fee, 0) AS price_reseller
    FROM app.message WHERE type <> 9 AND state IN ('sent', 'delivered') AND NOT test
    UNION ALL SELECT customer, 'sms', sent, CASE WHEN status = 'ok' THEN now() END, cost * 0.000001, 0 FROM app.sms
    UNION ALL SELECT firm, 'push', at, seen, price, 0.05 FROM app.push;
SELECT oracle.agrees('after RENAME VALUE');
SELECT reseller_report.rebuild_slice('app.message', '-infinity', 'infinity') \g /dev/null
SELECT oracle.agrees('and rebuilt');
INSERT INTO app.message SELECT n, 2, 'opened', '2024-03-01', 100, 1 FROM generate_series(11, 40) n;
SELECT oracle.agrees('a session that knew the old name captures by the new one');
ALTER TABLE app.message RENAME COLUMN test TO trial;
ALTER TABLE app.message ADD COLUMN test boolean DEFAULT true;
DO $$ BEGIN UPDATE app.message SET trial = NOT trial WHERE type = 2; PERFORM reseller_report.materialize(); END $$;
ALTER TABLE app.message DROP COLUMN test;
ALTER TABLE app.message RENAME COLUMN trial TO test;
SELECT oracle.agrees('a renamed column of a condition is followed');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'app.message'::regclass), true, 'and un-builds nothing');

-- What a mapping does not know, the write is refused for, and says.
SELECT throws_ok(format('INSERT INTO app.%s', row), state, message, row) FROM (VALUES
    ('message VALUES (11, 4, ''sent'', now(), 1, 1)', '23514',
        'column "type" of table "message" holds "4", which is not a known channel'),
    ('message VALUES (11, NULL, ''sent'', now(), 1, 1)', '23514',
        'column "type" of table "message" holds "NULL", which is not a known channel'),
    ('message VALUES (11, 1, ''sent'', ''infinity'', 1, 1)', '22008',
        'column "at" of table "message" holds an infinite moment, but usage has a finite one'),
    ('message VALUES (11, 1, ''sent'', ''4714-11-24 00:00 BC'', 1, 1)', '22008',
        'column "at" of table "message" holds a moment out of range in UTC'),
    ('sms VALUES (11, ''ok'', now(), 1000000000000000)', '22003', 'column "cost" of table "sms" holds an amount of 10^9 or more'),
    ('talk VALUES (11, ''alien'', ''web'', now(), 1, 1)', '23514',
        'column "who" of table "talk" holds "alien", which is not a known sender'),
    ('robot VALUES (11, ''gold'', now(), 1, 1)', '23514',
        'column "plan" of table "robot" holds "gold", which is not a known billable')) AS bad (row, state, message);
SELECT lives_ok(format('INSERT INTO app.%s', row), row)
    FROM (VALUES ('message VALUES (11, 4, ''queued'', now(), 1, 1)'), ('message VALUES (11, 4, NULL, now(), 1, 1)'),
    ('message VALUES (NULL, 4, ''sent'', now(), 1, 1)')) AS fine (row);
DELETE FROM app.message WHERE type = 4;
SELECT oracle.agrees('refused and left out');
SELECT throws_ok('INSERT INTO app.sms VALUES (11, ''ok'', ''-infinity'', 1)', '22008', NULL, 'an infinite moment');

-- What cannot be exact is refused at attach, with what to change.
CREATE TABLE app.raw (company_id real, firm int, occurred_at timestamp, at timestamptz, channel text, delivered_at date,
    price_twin double precision, price_reseller money, p numeric(9,3), n int,
    state app.state, flag boolean, doc jsonb);
CREATE FUNCTION pg_temp.refused(columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM reseller_report.attach_source('text_messaging', 'app.raw',
        '{"company_id": "firm", "occurred_at": "at", "delivered": "flag", "price_twin": "p", "price_reseller": "p"}'::jsonb
            || columns::jsonb);
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN hint = '' THEN ' WITHOUT HINT' ELSE '' END;
END
$$;
SELECT is(pg_temp.refused(columns), message, columns) FROM (VALUES
    ('{"company_id": "company_id"}',
        '42804 column "company_id" of table "app.raw" has type real, which cannot be read as company_id'),
    ('{"price_twin": "price_twin"}',
        '42804 column "price_twin" of table "app.raw" has type double precision, which cannot be read as price_twin'),
    ('{"price_reseller": "price_reseller"}',
        '42804 column "price_reseller" of table "app.raw" has type money, which cannot be read as price_reseller'),
    ('{"price_twin": {"column": "n", "unit": "0.0000001"}}',
        '22023 the unit of column "n" must be a positive amount with at most 6 decimals'),
    ('{"price_twin": {"column": "n", "unit": "0"}}',
        '22023 the unit of column "n" must be a positive amount with at most 6 decimals'),
    ('{"price_twin": {"column": "p", "unit": "0.01"}}', '22023 column "p" has type numeric(9,3), whose unit is 1'),
    ('{"occurred_at": "occurred_at"}',
        '22023 column "occurred_at" of table "app.raw" has type timestamp without time zone and needs a time zone that never '
        'changes its offset'),
    ('{"occurred_at": {"column": "occurred_at", "time_zone": "Europe/Moscow"}}',
        '22023 column "occurred_at" of table "app.raw" has type timestamp without time zone and needs a time zone that never '
        'changes its offset'),
    ('{"occurred_at": {"column": "at", "time_zone": "UTC"}}', '22023 column "at" has a time zone of its own'),
    ('{"occurred_at": {"value": "2024-01-01"}}', '22023 occurred_at cannot be the constant "2024-01-01"'),
    ('{"delivered": "delivered_at"}',
        '42804 column "delivered_at" of table "app.raw" has type date, which cannot be read as delivered'),
    ('{"delivered": "state"}', '42804 column "state" of table "app.raw" has type app.state, which cannot be read as delivered'),
    ('{"delivered": "state", "delivered_values": ["done"]}', '22023 column "state" of type app.state cannot hold "done"'),
    ('{"delivered": {"column": "state", "values": {"sent": true}}, "delivered_values": ["read"]}',
        '22023 the mapping of "delivered" says twice what counts as delivered'),
    ('{"delivered": {"column": "state", "values": {"sent": true}, "delivered_values": ["read"]}}',
        '22023 the mapping of "delivered" says twice what counts as delivered'),
    ('{"delivered": {"value": false}, "delivered_values": ["read"]}',
        '22023 the mapping of "delivered" says twice what counts as delivered'),
    ('{"delivered": {"column": "state", "delivered_values": ["sent"]}, "delivered_values": ["read"]}',
        '22023 "delivered_values" is given twice'),
    ('{"delivered": "state", "delivered_values": "sent"}', '22023 delivered_values must be a list of values'),
    ('{"delivered": "state", "delivered_values": []}', '22023 the mapping of column "state" names no value'),
    ('{"channel": {"value": "fax"}}', '22023 channel cannot be the constant "fax"'),
    ('{"channel": {"column": "n", "values": {"1": "fax"}}}', '22023 the values of "channel" must say what each of them stands for'),
    ('{"channel": {"column": "n", "values": {"one": "sms"}}}', '22023 column "n" of type integer cannot hold "one"'),
    ('{"channel": {"column": "n", "value": "sms"}}', '22023 the mapping of "channel" has a constant and more'),
    ('{"channel": {"columns": "n"}}', '22023 the mapping of "channel" has no "columns"'),
    ('{"channel": {"values": {"1": "sms"}}}', '22023 the mapping of "channel" must name a column'),
    ('{"channel": "doc"}', '42804 column "doc" of table "app.raw" has type jsonb, which cannot be read as channel'),
    ('{"channel": "kind"}', '42703 table "app.raw" has no column "kind"'),
    ('{"only": ["sent"]}', '22023 "only" must be a JSON object'),
    ('{"only": {"state": "sent"}}', '22023 "only" of column "state" must be a list of values'),
    ('{"only": {"state": []}}', '22023 the mapping of column "state" names no value'),
    ('{"only": {"missing": ["x"]}}', '42703 table "app.raw" has no column "missing"'),
    ('{"only": {"doc": ["x"]}}', '42804 column "doc" of table "app.raw" has type jsonb, which cannot be read as only'),
    ('{"capture": "never"}', '22023 "capture" must be always or origin'),
    ('{"time_zone": "UTC"}', '22023 service "text_messaging" has no column "time_zone" to map'),
    ('{"occurred_at": {"column": "occurred_at", "time_zone": "Etc/GMT-3"}, "only": {"state": ["sent", null], "n": [1, 2], '
        '"flag": [true]}}', 'attached')) AS bad (columns, message);
INSERT INTO app.raw (firm, occurred_at, channel, p, n, state, flag) VALUES (11, '2024-03-01 01:00', 'sms', 1, 1, NULL, true),
    (11, '2024-03-01 04:00', 'sms', 2, 2, 'sent', true),
    (11, '2024-03-01 04:00', 'sms', 4, 1, 'failed', true), (11, '2024-03-01 04:00', 'sms', 8, 3, 'sent', true),
    (11, '2024-03-01 04:00', 'sms', 16, 1, 'sent', NULL);
SELECT is(pg_temp.refused('{}'), '42710 table "app.raw" is already connected as text_messaging', 'not twice');
CREATE FUNCTION pg_temp.not_connected(relation text, kind text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT reseller_report.attach_source(''bot'', %L)', relation), '42809',
        format('relation "%s" cannot be connected: %s', relation, kind), kind)
$$;
CREATE VIEW app.view AS SELECT * FROM app.robot;
CREATE TABLE app.parent (LIKE app.robot); CREATE TABLE app.child () INHERITS (app.parent);
CREATE UNLOGGED TABLE app.unlogged (LIKE app.robot);
CREATE TABLE app.parted (LIKE app.robot) PARTITION BY RANGE (at);
CREATE UNLOGGED TABLE app.parted_unlogged PARTITION OF app.parted DEFAULT;
SELECT pg_temp.not_connected('app.view', 'it is a view');
SELECT pg_temp.not_connected('app.parent', 'it is part of an inheritance tree');
SELECT pg_temp.not_connected('app.child', 'it is part of an inheritance tree');
SELECT pg_temp.not_connected('app.unlogged', 'it is unlogged, and a crash would empty it');
SELECT pg_temp.not_connected('app.parted', 'it has a foreign or unlogged partition');
SELECT pg_temp.not_connected('app.parted_unlogged', 'it is unlogged, and a crash would empty it');
SELECT is((SELECT total_price_to_twin FROM reseller_report.text_messaging(3, '2024-02-29 22:00+00', '2024-02-29 22:00:01+00')
    WHERE id = 11)
    - (SELECT coalesce(sum(m.price_twin), 0) FROM usage.text_message m WHERE company_id = 11
        AND occurred_at >= '2024-02-29 22:00+00' AND occurred_at < '2024-02-29 22:00:01+00'),
    1.000000, 'NULL in a condition''s list, and a zone of POSIX');
SELECT is((SELECT total_price_to_twin FROM reseller_report.text_messaging(3, '2024-03-01 01:00+00', '2024-03-01 01:00:01+00')
    WHERE id = 11)
    - (SELECT coalesce(sum(m.price_twin), 0) FROM usage.text_message m WHERE company_id = 11
        AND occurred_at >= '2024-03-01 01:00+00' AND occurred_at < '2024-03-01 01:00:01+00'),
    2.000000, 'all conditions hold');
SELECT reseller_report.detach_source('app.raw') \g /dev/null
SELECT oracle.agrees('detached');

-- Replicated writes are captured, unless the source says origin.
SELECT reseller_report.detach_source('app.push') \g /dev/null
SELECT reseller_report.attach_source('text_messaging', 'app.push',
    '{"company_id": "firm", "occurred_at": "at", "channel": {"value": "push"}, "delivered": "seen",
    "price_twin": "price", "price_reseller": {"value": 0}, "capture": "origin"}') \g /dev/null
SELECT reseller_report.rebuild_slice('app.push', '-infinity', 'infinity') \g /dev/null
SELECT * FROM reseller_report.materialize() \g /dev/null
SELECT is((SELECT count(*) FROM reseller_report.usage_delta), 0::bigint, 'nothing waits');
SET session_replication_role = replica;
INSERT INTO app.robot VALUES (11, 'paid', '2024-03-01', 1, 1);
INSERT INTO app.push VALUES (11, '2024-03-01', NULL, 1);
SELECT is((SELECT count(*) FROM reseller_report.usage_delta), 1::bigint,
    'replicated writes are captured, unless the source says origin');
RESET session_replication_role;
INSERT INTO app.push VALUES (11, '2024-03-01', NULL, 1);
SELECT is((SELECT count(*) FROM reseller_report.usage_delta), 2::bigint, 'writes of its own are');
ALTER TABLE app.push DISABLE TRIGGER reseller_report_capture;
ALTER TABLE app.push ENABLE ALWAYS TRIGGER reseller_report_capture;
SELECT is((SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'app.push'::regclass AND tgname = 'reseller_report_capture'), 'O',
    'and it stays so');
SELECT * FROM finish();
