-- counted_as() tells where one raw row is counted, or why not.
SELECT no_plan();
SET timezone = 'UTC';
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES
    (1, 'One', true), (11, 'Aurora', false), (12, 'Free', false);
INSERT INTO reseller_report.dependency VALUES (1, 11, '[2024-03-01, 2024-04-01)');
INSERT INTO usage.text_message (id, company_id, channel, occurred_at) VALUES
    (1, 11, 'sms', '2024-03-05 10:20'), (2, 11, 'viber', '2024-04-05 10:20'), (3, 12, 'sms', '2024-03-05'),
    (4, 99, 'sms', '2024-03-05');
CREATE FUNCTION pg_temp.says(source text, key text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' | ', service, coalesce(item, '-'), coalesce(company_id::text, '-'), coalesce(company_name, '-'),
        coalesce(reseller_id::text, '-'), coalesce(occurred_at::text, '-'), coalesce(bucket::text, '-'), counted,
        coalesce(state, '-'), coalesce(reason, '-')), '; ' ORDER BY service)
    FROM reseller_report.counted_as(source::regclass, key::jsonb)
$$;
SELECT is(pg_temp.says('usage.text_message', '{"id": 1, "occurred_at": "2024-03-05 10:20+00"}'),
    'text_messaging | sms | 11 | Aurora | 1 | 2024-03-05 10:20:00+00 | 2024-03-05 10:15:00+00 | t | pending | -', 'not folded yet');
SELECT reseller_report.materialize() \g /dev/null
SELECT is(pg_temp.says('usage.text_message', '{"id": 1, "occurred_at": "2024-03-05 10:20+00"}'),
    'text_messaging | sms | 11 | Aurora | 1 | 2024-03-05 10:20:00+00 | 2024-03-05 10:15:00+00 | t | folded | -', 'folded');
SELECT is(pg_temp.says('usage.text_message', '{"id": 2, "occurred_at": "2024-04-05 10:20+00"}'),
    'text_messaging | viber | 11 | Aurora | - | 2024-04-05 10:20:00+00 | 2024-04-05 10:15:00+00 | f | folded | '
    'the company had no reseller at that time', 'after the dependency');
SELECT is(pg_temp.says('usage.text_message', '{"id": 4, "occurred_at": "2024-03-05"}'),
    'text_messaging | sms | 99 | - | - | 2024-03-05 00:00:00+00 | 2024-03-05 00:00:00+00 | f | folded | '
    'the company is not in reseller_report.company', 'of an unknown company');
SELECT is(pg_temp.says('usage.text_message', '{"id": 9, "occurred_at": "2024-03-05"}'), NULL, 'no such row');
SELECT is(pg_temp.says('usage.text_message', '{"id": 1}'), NULL, 'a key that lacks a column');

-- A table that feeds two services, with rows that its mappings leave out and days that are not built.
CREATE TABLE public.talk (id integer PRIMARY KEY, firm integer, at timestamptz, kind text, price numeric(12, 6));
INSERT INTO public.talk VALUES (1, 11, '2024-03-05', 'sms', 1), (2, 11, '2024-03-05', 'bot', 1), (3, NULL, '2024-03-05', 'bot', 1);
SET client_min_messages = error;
SELECT reseller_report.attach_source('text_messaging', 'public.talk', '{"company_id": "firm", "occurred_at": "at",
    "channel": {"column": "kind", "values": {"sms": "sms", "bot": null}}, "delivered": {"value": false}, "price_twin": "price",
    "price_reseller": {"value": 0}}') \g /dev/null
SELECT reseller_report.attach_source('chat', 'public.talk', '{"company_id": "firm", "occurred_at": "at",
    "sender": {"column": "kind", "values": {"sms": null, "bot": "bot"}}, "via_alice": {"value": false}, "price_twin": "price",
    "price_reseller": {"value": 0}}') \g /dev/null
SELECT is(pg_temp.says('public.talk', '{"id": 1}'),
    'chat | - | 11 | Aurora | 1 | 2024-03-05 00:00:00+00 | - | f | - | the mapping leaves it out; '
    'text_messaging | sms | 11 | Aurora | 1 | 2024-03-05 00:00:00+00 | 2024-03-05 00:00:00+00 | t | raw | -',
    'a row for each service');
SELECT matches(pg_temp.says('public.talk', '{"id": 3}'), 'chat \| - \| - .*it is of no company or no moment', 'of no company');

-- Who may ask.
CREATE ROLE counted_as_one;
CREATE ROLE counted_as_all;
SELECT reseller_report.grant_access('counted_as_one', 1), reseller_report.grant_access('counted_as_all', NULL) \g /dev/null
CREATE FUNCTION pg_temp.tried(role name, command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE command INTO command;
    RESET ROLE;
    RETURN command;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT is(pg_temp.tried(role, format('SELECT item FROM reseller_report.counted_as(%L::oid::regclass,
    ''{"id": 1, "occurred_at": "2024-03-05 10:20+00"}'')', 'usage.text_message'::regclass::oid)), says, role)
FROM (VALUES ('counted_as_all', 'sms'),
    ('counted_as_one', '42501 permission denied: counted_as is for roles that may read every reseller')) t (role, says);
DROP ROLE counted_as_one, counted_as_all;
SELECT throws_ok('SELECT * FROM reseller_report.counted_as(NULL, ''{}'')', '22004', 'source must not be NULL');
SELECT throws_ok('SELECT * FROM reseller_report.counted_as(''usage.bot_message'', NULL)', '22004', 'key must not be NULL');
SELECT throws_ok('SELECT * FROM reseller_report.counted_as(''pg_class'', ''{}'')', '42704', NULL, 'a table that is not connected');
ALTER TABLE public.talk DROP CONSTRAINT talk_pkey;
SELECT throws_ok('SELECT * FROM reseller_report.counted_as(''public.talk'', ''{}'')', '55000', NULL, 'no primary key');
SELECT * FROM finish();
