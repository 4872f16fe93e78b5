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

-- Every key that usage_events returns finds its own row, and its position is after that row, whatever the columns of the primary
-- key are, and in whatever settings.
CREATE TYPE public.pair AS (n integer, t text, at timestamptz, list integer[]);
CREATE TYPE public.nest AS (p pair, ps pair[], j jsonb);
CREATE TYPE public.mood AS ENUM ('sad', 'so so');
CREATE DOMAIN public.short AS varchar(9) COLLATE "POSIX";
CREATE DOMAIN public.numbers AS integer[];
CREATE DOMAIN public.some_pair AS pair CHECK ((VALUE).n > 0);
CREATE DOMAIN public.document AS jsonb;
CREATE FUNCTION pg_temp.found_again(type text, keys text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
    passed bigint;
BEGIN
    EXECUTE format('CREATE TABLE public.keyed ("The ""key""" %s, company_id integer, occurred_at timestamptz, '
        'billable boolean, price_twin integer, price_reseller integer, PRIMARY KEY ("The ""key""", company_id))', type);
    EXECUTE format('INSERT INTO public.keyed SELECT k::%s, 11, ''2024-03-05''::timestamptz + n * interval ''1 minute'', '
        'true FROM unnest($1) WITH ORDINALITY AS u (k, n)', split_part(type, ' COLLATE ', 1)) USING keys;
    PERFORM reseller_report.attach_source('bot', 'public.keyed');
    SET LOCAL intervalstyle = sql_standard;
    SET LOCAL datestyle = German;
    SET LOCAL extra_float_digits = -3;
    SET LOCAL bytea_output = escape;
    CREATE TEMP TABLE event AS
        SELECT * FROM reseller_report.usage_events(1, 11, 'bot', '-infinity', 'infinity') WHERE source = 'public.keyed';
    SET LOCAL intervalstyle = postgres;
    SET LOCAL datestyle = ISO;
    found := (SELECT count(*) FROM event e
        WHERE ARRAY(SELECT c.occurred_at FROM reseller_report.counted_as('public.keyed', e.source_key) c) = ARRAY[e.occurred_at]);
    passed := (SELECT count(*) FROM event e
        WHERE (SELECT count(*) FROM reseller_report.usage_events(1, 11, 'bot', '-infinity', 'infinity', after => e."position"))
            = (SELECT count(*) FROM event later WHERE later.occurred_at > e.occurred_at));
    DROP TABLE event;
    PERFORM reseller_report.detach_source('public.keyed');
    DROP TABLE public.keyed;
    RETURN format('%s found and %s passed of %s', found, passed, cardinality(keys));
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT is(pg_temp.found_again(type, keys), format('%1$s found and %1$s passed of %1$s', cardinality(keys)), 'keys of type ' || type)
FROM (VALUES
    ('text', ARRAY['', 'null', '"s"', '{}', '[1]', 'a\b']),
    ('char(4)', ARRAY['', 'ab', 'abcd']),
    ('short', ARRAY['', 'ab']),
    ('short COLLATE "C"', ARRAY['', 'ab']),
    ('boolean', ARRAY['t', 'f']),
    ('numeric', ARRAY['NaN', 'Infinity', '-Infinity', '1e40', '1.50']),
    ('float8', ARRAY['NaN', 'Infinity', '0.1', '0.30000000000000004', '-1e-300']),
    ('timestamptz', ARRAY['-infinity', 'infinity', '2024-02-29 23:59:59.999999+00', '4714-11-24 00:00+00 BC']),
    ('date', ARRAY['infinity', '5000000-01-02']),
    ('interval', ARRAY['-1 day -00:00:01', '1 mon -2 days 03:00', '-1 year', '-00:00:00.000001']),
    ('bytea', ARRAY['\x', '\x00ff5c27']),
    ('uuid', ARRAY['00000000-0000-0000-0000-00000000000a']),
    ('mood', ARRAY['sad', 'so so']),
    ('tstzrange', ARRAY['empty', '(,)', '[2024-03-05 00:00+00,2024-03-06 00:00+00)']),
    ('int4multirange', ARRAY['{}', '{[1,2),[5,)}']),
    ('inet', ARRAY['10.0.0.1', '::1/64']),
    ('bit(3)', ARRAY['010']),
    ('integer[]', ARRAY['{}', '{NULL}', '{0,3,NULL}', '{{1,2},{3,NULL}}', '{{{1}},{{2}}}']),
    ('numbers', ARRAY['{}', '{1,NULL}']),
    ('text[]', ARRAY['{}', '{"",NULL,"null","{}","a,b","[1]"}', '{{"a\"b"},{"c"}}']),
    ('timestamptz[]', ARRAY['{"2024-02-29 23:59:59.999999+00",-infinity}']),
    ('interval[]', ARRAY['{"-1 day -00:00:01"}']),
    ('float8[]', ARRAY['{0.30000000000000004,NaN}']),
    ('pair', ARRAY['(,,,)', '(1,"a ""b"" \\\\ ,",2024-02-29 23:59:59+00,"{1,NULL}")', '(2,,infinity,{})', '(2,"",,"{{1},{2}}")']),
    ('some_pair', ARRAY['(1,,,)']),
    ('pair[]', ARRAY['{}', '{NULL,"(1,a,,{})"}', '{{"(1,,,)"},{"(2,,,)"}}']),
    ('nest', ARRAY['(,,)', '("(1,x,,{1})","{NULL,""(2,,,{3})""}","{""a"": [null]}")']),
    ('jsonb', ARRAY['"s"', 'null', 'true', '1.50', '[]', '[1, "a", null]', '{}', '{"a": {"b": null}}', '"null"', '"\u00e9\"\\"']),
    ('document', ARRAY['null', '"null"', '[null]']),
    ('jsonb[]', ARRAY['{}', '{NULL,1,"\"s\"","{\"a\": [1]}"}'])) t (type, keys);

-- What to_jsonb loses can be given as text, and a value of another form is refused.
CREATE TABLE public.keyed (list integer[], pair pair, docs jsonb[], number integer, company_id integer, occurred_at timestamptz,
    billable boolean, price_twin integer, price_reseller integer, PRIMARY KEY (list, pair, docs, number));
INSERT INTO public.keyed VALUES ('[2:3]={1,2}', '(1,a,,"[0:0]={7}")', '{"[1]","null"}', 1, 11, '2024-03-05', true);
SELECT reseller_report.attach_source('bot', 'public.keyed') \g /dev/null
SELECT is((SELECT item FROM reseller_report.counted_as('public.keyed', key::jsonb)), finds, key)
FROM (VALUES ('{"list": "[2:3]={1,2}", "pair": "(1,a,,[0:0]={7})", "docs": "{\"[1]\",\"null\"}", "number": 1}', 'billable'),
    ('{"list": [1, 2], "pair": {"n": 1, "t": "a", "list": [7]}, "docs": [null], "number": 1}', NULL),
    ('{"list": "[2:3]={1,2}", "pair": "(1,a,,[0:0]={7})", "docs": "{\"[1]\",\"null\"}"}', NULL),
    ('{"list": null, "pair": null, "docs": null, "number": 1}', NULL), ('[]', NULL), ('"number"', NULL), ('null', NULL))
    t (key, finds);
SELECT throws_ok(format('SELECT * FROM reseller_report.counted_as(''public.keyed'', %L)',
    '{"list": [], "pair": {"n": 1}, "docs": [], "number": 1}'::jsonb || key::jsonb), state, NULL, key)
FROM (VALUES ('{"list": "1"}', '22P02'), ('{"list": 1}', '22P02'), ('{"list": {"a": 1}}', '22P02'), ('{"list": ["a"]}', '22P02'),
    ('{"list": [[1], [1, 2]]}', '22P02'), ('{"pair": "a"}', '22P02'), ('{"pair": {"at": "soon"}}', '22007'),
    ('{"pair": [1]}', '22023'), ('{"number": "a"}', '22P02'), ('{"number": [1]}', '22P02'), ('{"number": 1e10}', '22003'))
    t (key, state);
SELECT reseller_report.detach_source('public.keyed') \g /dev/null

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
