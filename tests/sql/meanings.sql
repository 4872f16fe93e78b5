-- Beside "values", "null" says what NULL stands for, and "other" what every value that is not listed stands for. A null in them
-- leaves such rows out. The view says in plain SQL what each mapping means, and the oracle reads the view. A domain is taken as the
-- type under it.
SELECT no_plan();
SELECT setseed(0.3) \g /dev/null
SET client_min_messages = error;
DROP SCHEMA usage CASCADE;
SELECT random_usage.companies() \g /dev/null
CREATE SCHEMA app;
CREATE TYPE app.kind AS ENUM ('short', 'long', 'odd');
CREATE DOMAIN app.firm AS integer CHECK (VALUE > 0);
CREATE DOMAIN app.price AS numeric(12,6);
CREATE DOMAIN app.cost AS app.price CHECK (VALUE < 1000000);
CREATE DOMAIN app.cents AS bigint;
CREATE DOMAIN app.moment AS timestamptz;
CREATE DOMAIN app.local AS timestamp(3);
CREATE DOMAIN app.word AS varchar(20);
CREATE DOMAIN app.code AS char(8);
CREATE DOMAIN app.sort AS app.kind;
CREATE DOMAIN app.yes AS boolean;
CREATE DOMAIN app.seconds AS smallint;
CREATE TABLE app.message (firm app.firm, kind app.sort, status app.word, at app.moment, price app.cost, earned app.cents,
    note app.code);
CREATE TABLE app.talk (firm app.firm, who app.code, alice app.yes, at app.local, price app.price);
CREATE TABLE app.line (firm app.firm, way app.yes, at app.moment, took app.seconds, price app.price);
CREATE TABLE app.robot (firm app.firm, paid app.yes, plan app.word, at app.moment, price app.price);
CREATE SCHEMA usage;
CREATE VIEW usage.text_message AS
    SELECT firm::bigint AS company_id,
        CASE WHEN kind::text = 'short' THEN 'sms' WHEN kind IS NULL THEN 'push' ELSE 'email' END AS channel,
        at::timestamptz AS occurred_at, CASE WHEN status = 'done' OR status IS NULL THEN now() END AS delivered_at,
        coalesce(price, 0)::numeric AS price_twin, coalesce(earned, 0) * 0.01 AS price_reseller
    FROM app.message WHERE status IS DISTINCT FROM 'test' AND (note IS NULL OR note = 'kept');
CREATE VIEW usage.chat_message AS
    SELECT firm::bigint AS company_id,
        CASE WHEN who = 'man' THEN 'operator' WHEN who = 'robot' THEN 'bot' ELSE 'user' END AS sender,
        coalesce(alice, true) AS via_alice, (at - interval '5 hours 30 minutes') AT TIME ZONE 'UTC' AS occurred_at,
        coalesce(price, 0)::numeric AS price_twin, 0 AS price_reseller
    FROM app.talk WHERE who IS NOT NULL;
CREATE VIEW usage.phone_call AS
    SELECT 1 AS id, firm::bigint AS company_id, CASE WHEN way THEN 'incoming' ELSE 'outgoing' END AS direction,
        at::timestamptz AS occurred_at,
        coalesce(took, 0)::bigint AS duration_seconds, coalesce(price, 0)::numeric AS price_twin, 0 AS price_reseller FROM app.line;
CREATE VIEW usage.bot_message AS
    SELECT firm::bigint AS company_id, at::timestamptz AS occurred_at, plan IS NULL OR plan = 'paid' AS billable,
        coalesce(price, 0)::numeric AS price_twin, 0 AS price_reseller
    FROM app.robot WHERE plan IS DISTINCT FROM 'gift' AND paid IS NOT NULL;
CREATE FUNCTION pg_temp.one_of(list text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT list[1 + floor(random() * cardinality(list))]
$$;
CREATE FUNCTION pg_temp.write(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.message SELECT 11 + random() * 29, pg_temp.one_of('{short,long,odd,NULL}')::app.kind,
        pg_temp.one_of('{done,gone,test,new,NULL}'), random_usage.moment(),
        CASE WHEN random() < 0.9 THEN random_usage.price() END, CASE WHEN random() < 0.9 THEN (random() * 1000)::int END,
        pg_temp.one_of('{kept,left,NULL}') FROM generate_series(1, n);
    INSERT INTO app.talk SELECT 11 + random() * 29, pg_temp.one_of('{man,robot,client,visitor,NULL}'),
        pg_temp.one_of('{t,f,NULL}')::boolean,
        random_usage.moment() AT TIME ZONE 'UTC', random_usage.price() FROM generate_series(1, n);
    INSERT INTO app.line SELECT 11 + random() * 29, pg_temp.one_of('{t,f,NULL}')::boolean, random_usage.moment(),
        CASE WHEN random() < 0.9 THEN random() * 300 END, random_usage.price()
        FROM generate_series(1, n);
    INSERT INTO app.robot SELECT 11 + random() * 29, pg_temp.one_of('{t,f,NULL}')::boolean,
        pg_temp.one_of('{paid,free,trial,gift,NULL}'), random_usage.moment(), random_usage.price()
        FROM generate_series(1, n);
$$;
CREATE FUNCTION pg_temp.change() RETURNS void LANGUAGE sql AS $$
    UPDATE app.message SET kind = pg_temp.one_of('{short,long,odd,NULL}')::app.kind,
        status = pg_temp.one_of('{done,gone,test,NULL}') WHERE random() < 0.3;
    UPDATE app.message SET note = pg_temp.one_of('{kept,left,NULL}') WHERE random() < 0.3;
    UPDATE app.talk SET who = pg_temp.one_of('{man,robot,client,visitor,NULL}'), alice = pg_temp.one_of('{t,f,NULL}')::boolean
        WHERE random() < 0.3;
    UPDATE app.line SET way = pg_temp.one_of('{t,f,NULL}')::boolean WHERE random() < 0.3;
    UPDATE app.robot SET plan = pg_temp.one_of('{paid,free,trial,gift,NULL}'), paid = pg_temp.one_of('{t,f,NULL}')::boolean
        WHERE random() < 0.3;
    DELETE FROM app.robot WHERE random() < 0.1;
$$;
SELECT pg_temp.write(150) \g /dev/null
SELECT reseller_report.attach_source('text_messaging', 'app.message',
    '{"company_id": "firm", "occurred_at": "at", "price_twin": "price", "price_reseller": {"column": "earned", "unit": "0.01"},
    "channel": {"column": "kind", "values": {"short": "sms"}, "null": "push", "other": "email"},
    "delivered": {"column": "status", "values": {"done": true, "test": null}, "null": true, "other": false},
    "only": {"note": ["kept", null]}}') \g /dev/null
SELECT reseller_report.attach_source('chat', 'app.talk',
    '{"company_id": "firm", "occurred_at": {"column": "at", "time_zone": "+05:30"}, "price_twin": "price", '
    '"price_reseller": {"value": 0},
    "sender": {"column": "who", "values": {"man": "operator", "robot": "bot"}, "null": null, "other": "user"},
    "via_alice": {"column": "alice", "null": true}}') \g /dev/null
SELECT reseller_report.attach_source('telephony', 'app.line',
    '{"company_id": "firm", "occurred_at": "at", "price_twin": "price", "price_reseller": {"value": 0}, "duration_seconds": "took",
    "direction": {"column": "way", "values": {"true": "incoming"}, "null": "outgoing", "other": "outgoing"}}') \g /dev/null
SELECT reseller_report.attach_source('bot', 'app.robot',
    '{"company_id": "firm", "occurred_at": "at", "price_twin": "price", "price_reseller": {"value": 0},
    "billable": {"column": "plan", "values": {"paid": true, "gift": null}, "null": "true", "other": "false"},
    "only": {"paid": [true, false]}}') \g /dev/null
SELECT oracle.agrees('attached with rows');
DO $$ BEGIN PERFORM pg_temp.write(30), pg_temp.change(); END $$;
SELECT oracle.agrees('changed, nothing built');
SELECT reseller_report.rebuild_slice(s.source, '-infinity', 'infinity') FROM reseller_report.sources() s \g /dev/null
SELECT oracle.agrees('built');
DO $$ BEGIN PERFORM pg_temp.write(30), pg_temp.change(), random_usage.companies_moved(); END $$;
SELECT oracle.agrees('changed, companies moved');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'folded');
SELECT oracle.agrees('folded');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verify finds nothing');

-- A domain's own changes are none of the column's; a renamed label of the enum under one is.
ALTER DOMAIN app.firm RENAME TO customer;
ALTER DOMAIN app.price DROP CONSTRAINT IF EXISTS nothing;
ALTER DOMAIN app.cost SET DEFAULT 1;
ALTER TABLE app.message ADD COLUMN extra integer;
SELECT is((SELECT bool_and(is_built) FROM reseller_report.sources()), true, 'a renamed domain un-builds nothing');
DO $$ BEGIN PERFORM pg_temp.write(10), pg_temp.change(); END $$;
SELECT oracle.agrees('and is counted as before');
ALTER TYPE app.kind RENAME VALUE 'short' TO 'brief';
SELECT is((SELECT unbuilt_reasons FROM reseller_report.sources() WHERE source = 'app.message'::regclass),
    'a value of type app.kind was renamed', 'a label under a domain was renamed');
DROP SCHEMA usage CASCADE;
ALTER TABLE app.robot ALTER COLUMN price TYPE numeric(12,6);
SELECT unalike((SELECT unbuilt_reasons FROM reseller_report.sources() WHERE source = 'app.robot'::regclass), '%another type%',
    'from a domain to the type under it is no other type');
CREATE DOMAIN app.fine AS numeric(12,7);
ALTER TABLE app.line ALTER COLUMN price TYPE app.fine;
SELECT throws_ok('SELECT * FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'')', '55000',
    'usage table app.line can no longer be read: column "price" has a type that cannot be counted exactly',
        'a domain of a finer scale');

-- NULL in "delivered_values" is one of them.
CREATE TABLE app.receipt (company_id bigint, occurred_at timestamptz, status text, price_twin numeric(9,3),
    price_reseller numeric(9,3));
CREATE FUNCTION pg_temp.delivered(columns jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    result bigint;
BEGIN
    PERFORM reseller_report.attach_source('text_messaging', 'app.receipt', '{"channel": {"value": "sms"}}' || columns);
    SELECT delivered_sms INTO result FROM reseller_report.text_messaging(3, '1999-01-01 00:00+00', '1999-02-01 00:00+00')
        WHERE id = 11;
    PERFORM reseller_report.detach_source('app.receipt');
    RETURN result;
END
$$;
DELETE FROM reseller_report.dependency WHERE company_id = 11;
INSERT INTO reseller_report.dependency VALUES (3, 11);
INSERT INTO app.receipt SELECT 11, '1999-01-05', status, 1, 1 FROM (VALUES ('ok', 1), ('no', 2), (NULL, 4)) AS s (status, n),
    generate_series(1, n);
SELECT is(pg_temp.delivered(columns::jsonb), expected::bigint, columns) FROM (VALUES
    ('{"delivered": "status", "delivered_values": ["ok"]}', 1),
    ('{"delivered": "status", "delivered_values": ["ok", null]}', 5),
    ('{"delivered": "status", "delivered_values": [null]}', 4),
    ('{"delivered": {"column": "status", "delivered_values": ["no"], "null": true}}', 6),
    ('{"delivered": {"column": "status", "values": {"ok": true}, "other": null, "null": false}}', 1),
    ('{"delivered": {"column": "status", "values": {"ok": false}, "other": true}}', 2),
    ('{"delivered": {"column": "occurred_at", "null": true}}', 7)) AS given (columns, expected);

-- Left out, both are refused as ever; what they stand for is checked.
CREATE TABLE app.strict (firm bigint, plan text, flag boolean, at timestamptz, price numeric(9,3));
CREATE FUNCTION pg_temp.refused(billable jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.attach_source('bot', 'app.strict',
        jsonb_build_object('company_id', 'firm', 'occurred_at', 'at', 'price_twin', 'price', 'price_reseller', 'price', 'billable',
            billable));
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT is(pg_temp.refused(billable::jsonb), message, billable) FROM (VALUES
    ('{"column": "plan", "values": {"paid": true}, "other": "maybe"}',
        '22023 "null" and "other" of "billable" must say what each of them stands for'),
    ('{"column": "plan", "values": {"paid": true}, "null": 1}',
        '22023 "null" and "other" of "billable" must say what each of them stands for'),
    ('{"column": "flag", "other": true}', '22023 the mapping of "billable" has "other" without "values"'),
    ('{"value": true, "null": false}', '22023 the mapping of "billable" has a constant and more'),
    ('{"column": "plan", "values": ["paid"]}', '22023 the values of "billable" must be a JSON object'),
    ('{"column": "plan", "values": {"paid": true, "free": false}}', 'attached')) AS given (billable, message);
SELECT throws_ok(format('INSERT INTO app.strict VALUES (11, %L, NULL, now(), 1)', value), '23514',
    format('column "plan" of table "strict" holds "%s", which is not a known billable', coalesce(value, 'NULL')), 'refused')
        FROM (VALUES ('gold'), (NULL)) AS v (value);
SELECT * FROM finish();
