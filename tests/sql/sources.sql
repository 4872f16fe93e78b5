-- Tables are connected by their owner, read by name, refused when they cannot be exact, and left as they were.
SELECT no_plan();
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (11, 'A', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);

-- create_usage_tables
SELECT is((SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
    WHERE c.oid = 'usage.text_message'::regclass), 5::bigint, 'a default partition and four months');
SELECT set_eq($$SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c
    WHERE c.oid = ('usage.bot_message_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM'))::regclass$$,
    format('VALUES (%L)', format('FOR VALUES FROM (%L) TO (%L)', date_trunc('month', now(), 'UTC'),
        date_trunc('month', now(), 'UTC') + interval '1 month')),
    'months are UTC');
SET timezone = 'Asia/Kolkata';
SELECT lives_ok('SELECT reseller_report.create_usage_tables(''kolkata'')', 'usage tables in another schema and zone');
RESET timezone;
SELECT set_eq($$SELECT DISTINCT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname LIKE 'phone_call_20%'$$,
    $$SELECT DISTINCT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname LIKE 'text_message_20%'$$,
        'the session''s zone does not matter');
SELECT throws_ok('SELECT reseller_report.create_usage_tables(''kolkata'')', '42P07', NULL, 'tables that are there stop it');
SELECT throws_ok('SELECT reseller_report.create_usage_tables(NULL)', '22004', NULL, 'a schema must be named');
SELECT throws_ok(format('INSERT INTO usage.%s', row), state, NULL, row) FROM (VALUES
    ('text_message (company_id, channel, occurred_at) VALUES (11, ''sms'', ''infinity'')', '23514'),
    ('text_message (company_id, channel, occurred_at, price_twin) VALUES (11, ''sms'', now(), ''NaN'')', '23514'),
    ('text_message (company_id, channel, occurred_at) VALUES (11, ''fax'', now())', '23514'),
    ('text_message (company_id, channel, occurred_at) VALUES (11, NULL, now())', '23502'),
    ('text_message (company_id, channel, occurred_at, price_twin) VALUES (11, ''sms'', now(), 1000000000)', '22003'),
    ('chat_message (company_id, sender, occurred_at) VALUES (11, ''alice'', now())', '23514'),
    ('phone_call (company_id, direction, occurred_at) VALUES (11, ''sideways'', now())', '23514'),
    ('phone_call (company_id, direction, occurred_at, duration_seconds) VALUES (11, ''incoming'', now(), -1)', '23514'),
    ('bot_message (company_id, occurred_at) VALUES (NULL, now())', '23502')) AS bad (row, state);
SELECT throws_ok('INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, ''fax'', ''1999-01-01'')', '23514',
    'column "channel" of table "text_message_default" holds "fax", which is not a known channel',
        'a bad value is named with table and column');
SELECT results_eq('SELECT id, delivered_sms FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'')',
    'VALUES (11::bigint, 0::bigint)', 'nothing refused is counted');

-- attach_source
SET client_min_messages = error;
CREATE TABLE app_message (number int, sender_company int, kind varchar(20), sent_at timestamptz, read boolean, cost numeric(10,4),
    fee numeric(10,2));
SELECT throws_ok(format('SELECT reseller_report.attach_source(%s)', arguments), state, message, message) FROM (VALUES
    ('NULL, ''app_message''', '22004', 'service must not be NULL'),
    ('''text_messaging'', NULL', '22004', 'source must not be NULL'),
    ('''text_messaging'', ''app_message'', NULL', '22004', 'columns must not be NULL'),
    ('''fax'', ''app_message''', '22023', 'service "fax" does not exist'),
    ('''text_messaging'', ''app_message''', '42703', 'table "public.app_message" has no column "company_id"'),
    ('''text_messaging'', ''app_message'', ''[]''', '22023', 'columns must be a JSON object'),
    ('''text_messaging'', ''app_message'', ''{"company": "x"}''', '22023',
        'service "text_messaging" has no column "company" to map'),
    ('''text_messaging'', ''app_message'', ''{"company_id": 7}''', '22023', 'the mapping of "company_id" must name a column'),
    ('''text_messaging'', ''app_message'', ''{"company_id": "kind"}''', '42804',
        'column "kind" of table "public.app_message" has type character varying(20), which cannot be read as company_id'),
    ('''bot'', ''usage.bot_message''', '42710', 'table "usage.bot_message" is already connected as bot'),
    ('''bot'', ''usage.bot_message_default''', '42809',
        'relation "usage.bot_message_default" cannot be connected: it is a partition'),
    ('''bot'', ''reseller_report.usage_delta''', '42809',
        'relation "reseller_report.usage_delta" cannot be connected: it is a system table'),
    ('''bot'', ''reseller_report.materializer_state''', '42809',
        'relation "reseller_report.materializer_state" cannot be connected: it is a system table')) AS bad (arguments,
            state, message);
CREATE FUNCTION pg_temp.attach() RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('text_messaging', 'app_message',
        '{"company_id": "sender_company", "channel": {"column": "kind"}, "occurred_at": "sent_at", "delivered": "read", '
        '"price_twin": "cost", "price_reseller": "fee"}')
$$;
ALTER TABLE app_message ALTER COLUMN cost TYPE numeric;
SELECT throws_ok('SELECT pg_temp.attach()', '42804',
    'column "cost" of table "public.app_message" has type numeric, which may hold amounts with more than 6 decimals',
        'unscaled prices are refused');
ALTER TABLE app_message ALTER COLUMN cost TYPE numeric(12,7);
SELECT throws_ok('SELECT pg_temp.attach()', '42804', NULL, 'so are finer ones');
ALTER TABLE app_message ALTER COLUMN cost TYPE numeric(10,4);
INSERT INTO app_message VALUES (1, 11, 'sms', '2024-03-01 00:00+00', true, 1.5, 2),
    (2, 11, 'viber', '2024-03-01 00:05+00', false, 0.25, 1);
SELECT lives_ok('SELECT pg_temp.attach()', 'a table of the application''s own');
CREATE VIEW pg_temp.page AS SELECT delivered_sms, price_sms, sent_viber, delivered_viber, price_viber, total_price_to_reseller
    FROM reseller_report.text_messaging(1, '2024-01-01', '2024-12-01');
SELECT results_eq('TABLE pg_temp.page', 'VALUES (1::bigint, 1.5, 1::bigint, 0::bigint, 0.25, 3.00)',
    'rows from before attaching count at once');
SELECT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), ARRAY['public.app_message: not built yet'],
    'and the state says that they are read raw');
UPDATE app_message SET read = true WHERE number = 2;
INSERT INTO app_message VALUES (3, NULL, 'sms', now(), true, 1, 1), (4, 11, 'sms', NULL, true, 1, 1),
    (5, 11, 'sms', '2024-03-02', NULL, NULL, NULL);
SELECT is((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'deltas of days not built wait');
SELECT results_eq('TABLE pg_temp.page', 'VALUES (1::bigint, 1.5, 1::bigint, 1::bigint, 0.25, 3.00)',
    'NULLs are nobody''s usage, or zero');
SELECT throws_ok('INSERT INTO app_message VALUES (6, 11, ''sms'', now(), true, ''NaN'', 0)', '22003',
    'column "cost" of table "app_message" holds an amount that is not a number', 'NaN');
SELECT throws_ok('INSERT INTO app_message VALUES (6, 11, ''sms'', ''-infinity'', true, 0, 0)', '22008', NULL, 'an infinite moment');
SELECT lives_ok('TRUNCATE app_message', 'TRUNCATE is not hindered');
SELECT results_eq('TABLE pg_temp.page', 'VALUES (0::bigint, 0.0, 0::bigint, 0::bigint, 0.0, 0.0)', 'and seen');

-- TRUNCATE of a table whose summaries were in use.
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) VALUES (11, 'sms', '2024-03-01', 3),
    (11, 'sms', now(), 4);
SELECT * FROM reseller_report.materialize() \g /dev/null
TRUNCATE usage.text_message_default;
SELECT results_eq('SELECT price_sms FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'')', 'VALUES (4.0)',
    'a truncated partition is read raw');
TRUNCATE usage.text_message;
SELECT results_eq('SELECT price_sms FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'')', 'VALUES (0.0)',
    'so is a truncated table');

-- One direction only.
CREATE TABLE app_call (LIKE usage.phone_call INCLUDING DEFAULTS);
SELECT reseller_report.attach_source('telephony_incoming', 'app_call') \g /dev/null
INSERT INTO app_call (id, company_id, direction, occurred_at, duration_seconds) VALUES (1, 11, 'incoming', '2024-03-01', 5),
    (2, 11, 'outgoing', '2024-03-01', 7);
SELECT results_eq('SELECT calls, total_duration_seconds FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'')',
    'VALUES (1::bigint, 5::bigint)', 'calls of its direction count');
SELECT results_eq('SELECT calls FROM reseller_report.telephony_outgoing(1, ''-infinity'', ''infinity'')', 'VALUES (0::bigint)',
    'others do not');

-- Only the owner.
CREATE ROLE sources_app;
GRANT EXECUTE ON FUNCTION reseller_report.attach_source, reseller_report.detach_source,
    reseller_report.create_usage_tables TO sources_app;
CREATE SCHEMA sources_app AUTHORIZATION sources_app;
SET ROLE sources_app;
CREATE FUNCTION pg_temp.refused(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'done';
EXCEPTION WHEN insufficient_privilege THEN
    RETURN SQLERRM;
END
$$;
RESET ROLE;
CREATE FUNCTION pg_temp.as_app(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    SET LOCAL ROLE sources_app;
    result := pg_temp.refused(command);
    RESET ROLE;
    RETURN result;
END
$$;
SELECT is(pg_temp.as_app('SELECT reseller_report.attach_source(''bot'', ''app_message'')'), 'must be owner of table app_message',
    'another''s table is not attached');
SELECT is(pg_temp.as_app('SELECT reseller_report.detach_source(''app_call'')'), 'must be owner of table app_call', 'nor detached');
SELECT is(pg_temp.as_app('SELECT reseller_report.create_usage_tables(''sources_app'')'), 'done',
    'an owner without rights on the extension makes usage tables');
SELECT is(pg_temp.as_app('INSERT INTO sources_app.bot_message (company_id, occurred_at) VALUES (11, now())'), 'done',
    'and writes to them');
SELECT is(pg_temp.as_app('CREATE TABLE sources_app.bot_message_2030 PARTITION OF sources_app.bot_message '
    'FOR VALUES FROM (''2030-01-01'') TO (''2031-01-01'')'), 'done', 'and makes partitions');
SELECT results_eq('SELECT billable_messages FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', 'VALUES (1::bigint)',
    'several sources feed one service');

-- detach_source
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, now());
SELECT * FROM reseller_report.materialize() \g /dev/null
SELECT is(pg_temp.as_app('SELECT reseller_report.detach_source(''sources_app.bot_message'')'), 'done', 'the owner detaches');
SELECT results_eq('SELECT billable_messages FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', 'VALUES (1::bigint)',
    'its share leaves the reports');
SELECT is_empty($$SELECT tgname FROM pg_trigger WHERE tgrelid IN (SELECT relid FROM pg_partition_tree('sources_app.bot_message'))
    AND NOT tgisinternal$$, 'the table is as it was');
SELECT throws_ok('SELECT reseller_report.detach_source(''sources_app.bot_message'')', '42704',
    'table "sources_app.bot_message" is not connected', 'and not detached twice');
SELECT is(pg_temp.as_app('SELECT reseller_report.attach_source(''bot'', ''sources_app.bot_message'')'), 'done',
    'it can be attached again');
SELECT results_eq('SELECT billable_messages FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', 'VALUES (2::bigint)',
    'and counts again');
DROP OWNED BY sources_app;
DROP ROLE sources_app;
SELECT results_eq('SELECT billable_messages FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', 'VALUES (1::bigint)',
    'until it is dropped');
SELECT * FROM finish();
