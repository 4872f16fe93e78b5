-- attach_source takes every mapping that it can follow exactly, and refuses every other with the documented SQLSTATE, with a hint
-- where the type of a column is to blame; what is refused leaves nothing behind.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql

-- Constants, and shapes of JSON.
CREATE TABLE plain (occurred_at timestamptz DEFAULT '2024-03-03', direction text DEFAULT 'incoming', took bigint, n int DEFAULT 0);
CREATE FUNCTION pg_temp.attached(columns text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.attach_source('telephony', 'plain',
        '{"company_id": {"value": 14}, "duration_seconds": "took", "price_twin": "n", "price_reseller": {"value": 0}}'::jsonb
            || columns::jsonb);
    PERFORM reseller_report.detach_source('plain');
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT is(pg_temp.attached(columns), wanted, left(columns, 60)) FROM (VALUES
    ('{"company_id": {"value": 9223372036854775807}}', 'attached'),
    ('{"company_id": {"value": "-9223372036854775808"}}', 'attached'), ('{"company_id": {"value": 1000000000000000}}', 'attached'),
    ('{"company_id": {"value": 9223372036854775808}}', '22023'), ('{"company_id": {"value": -9223372036854775809}}', '22023'),
    ('{"company_id": {"value": 1e400}}', '22023'), ('{"company_id": {"value": 1.5}}', '22023'),
    ('{"company_id": {"value": "1\n"}}', '22023'), ('{"company_id": {"value": "٣"}}', '22023'),
    ('{"company_id": {"value": null}}', '22023'), ('{"company_id": {"value": [1]}}', '22023'), ('{"company_id": null}', '22023'),
    ('{"company_id": []}', '22023'),
    ('{"duration_seconds": {"value": 999999999999999}}', 'attached'),
    ('{"duration_seconds": {"value": 1000000000000000}}', '22023'), ('{"price_twin": {"value": 999999999.999999}}', 'attached'),
    ('{"price_twin": {"value": 1000000000}}', '22023'),
    ('{"price_twin": {"value": 0.0000001}}', '22023'), ('{"price_twin": {"value": "NaN"}}', '22023'),
    ('{"price_twin": {"value": "1e3"}}', '22023'), ('{"price_twin": {"value": true}}', '22023'),
    -- Shapes: of two equal keys the last counts, as everywhere in jsonb.
    ('{"company_id": "no", "company_id": {"value": 14}}', 'attached'),
        ('{"company_id": {"value": 14}, "company_id": "no"}', '42703'), ('{"": {}}', '22023'),
        ('{"direction": {"column": ""}}', '42703'), ('{"direction": {"column": "ctid"}}', '42703'),
    ('{"direction": {"column": "tableoid"}}', '42703'), ('{"direction": {"column": "Direction"}}', '42703'),
    ('{"direction": {"column": "direction "}}', '42703'), ('{"direction": {"column": {"column": "direction"}}}', '22023'),
    ('{"direction": {"column": "direction", "values": []}}', '22023'),
    ('{"direction": {"column": "direction", "values": {}}}', '22023'),
    ('{"direction": {"column": "direction", "values": {"a": {"b": "incoming"}}}}', '22023'),
    ('{"direction": {"column": "direction", "values": {"": "incoming", "incoming": null}}}', 'attached'),
    ('{"direction": {"column": "direction", "values": {"incoming": "INCOMING"}}}', '22023'),
    ('{"direction": {"column": "n", "values": {"01": "incoming"}}}', '22023'),
    ('{"direction": {"column": "n", "values": {"-0": "incoming"}}}', '22023'),
    ('{"direction": {"column": "n", "values": {"2147483647": "incoming"}}}', 'attached'),
    ('{"direction": {"column": "n", "values": {"2147483648": "incoming"}}}', '22023'),
    ('{"direction": {"column": "n", "values": {"9999999999999999999": "incoming"}}}', '22023'),
    ('{"only": null}', '22023'), ('{"only": {"n": [[1]]}}', '22023'), ('{"only": {"n": {"a": 1}}}', '22023'),
    ('{"only": {"n": [1.0]}}', '22023'), ('{"only": {"n": [1, 1, "1", null, null]}}', 'attached'),
    ('{"capture": ["origin"]}', '22023'), ('{"capture": 1}', '22023'),
    ('{"direction": ' || repeat('[', 3000) || repeat(']', 3000) || '}', '22023'),
    ('{"only": {"n": ' || repeat('{"a":', 3000) || '1' || repeat('}', 3000) || '}}', '22023'),
    ('{"direction": "' || repeat('x', 1000000) || '"}', '42703'), ('{"' || repeat('x', 1000000) || '": 1}', '22023'),
    ('{"direction": {"value": "' || repeat('x', 1000000) || '"}}', '22023'),
    ('{"direction": {"column": "direction", "values": {"' || repeat('ж', 500000) || '": "incoming"}}}', 'attached'),
        ('{"only": {"direction": ["' || repeat('ж', 500000) || '"]}}', 'attached')) AS v (columns, wanted);
SELECT throws_ok(format('SELECT reseller_report.attach_source(''telephony'', ''plain'', %L)', columns), '22023',
    'columns must be a JSON object', columns) FROM unnest(ARRAY['null', '1', '"x"', '[]', '[{}]', 'true']) AS columns;
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'plain'::regclass), 0::bigint,
    'what is refused leaves nothing behind');
DROP TABLE plain;

-- Columns that cannot hold the labels, and values that the column's type cannot hold.
CREATE TABLE raw (id bigint, company_id bigint, occurred_at timestamptz, flag boolean, small smallint, n integer,
    big bigint, word text,
    price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE FUNCTION pg_temp.refused(service text, columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM reseller_report.attach_source(service, 'raw', columns::jsonb);
    PERFORM reseller_report.detach_source('raw');
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || CASE WHEN hint IN ('', 'It can hold .') THEN ' without a hint' ELSE '' END;
END
$$;
SELECT is(pg_temp.refused(service, columns), state, service || ' ' || columns) FROM (VALUES
    ('text_messaging', '{"channel": "flag", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": {"column": "flag"}, "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "n", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "small", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "big", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "word", "delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "flag", "values": {"true": "sms", "false": "email"}}, "delivered": "flag"}',
        'attached'),
    ('text_messaging', '{"channel": {"column": "n", "values": {"1": "sms", "-2147483648": "email"}}, "delivered": "flag"}',
        'attached'),
    ('text_messaging', '{"channel": {"column": "n", "values": {"2147483648": "sms"}}, "delivered": "flag"}', '22023'),
    ('text_messaging', '{"channel": {"column": "small", "values": {"32767": "sms"}}, "delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "small", "values": {"32768": "sms"}}, "delivered": "flag"}', '22023'),
    ('text_messaging', '{"channel": {"column": "big", "values": {"1000000000000000000": "sms", "-9223372036854775808": "email"}}, '
        '"delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "big", "values": {"9223372036854775808": "sms"}}, "delivered": "flag"}', '22023'),
    ('text_messaging', '{"channel": {"column": "flag", "values": {"yes": "sms"}}, "delivered": "flag"}', '22023'),
    ('chat', '{"sender": "flag", "via_alice": "flag"}', '42804'),
    ('chat', '{"sender": "n", "via_alice": "flag"}', '42804'),
    ('chat', '{"sender": {"column": "n", "values": {"1": "bot"}}, "via_alice": "flag"}', 'attached'),
    ('telephony', '{"direction": "flag", "duration_seconds": "n"}', '42804'),
    ('telephony', '{"direction": "n", "duration_seconds": "n"}', '42804'),
    ('telephony', '{"direction": {"column": "flag", "values": {"true": "outgoing", "false": "incoming"}}, '
        '"duration_seconds": "n"}', 'attached'),
    ('bot', '{"billable": "flag"}', 'attached'),
    ('bot', '{"billable": "flag", "id": "id"}', 'attached'),
    ('bot', '{"billable": "flag", "id": "key"}', '42703')) AS bad (service, columns, state);
SELECT reseller_report.attach_source('text_messaging', 'raw',
    '{"id": "id", "channel": {"column": "big", "values": {"1000000000000000000": "sms", "-9223372036854775808": "email"}}, '
    '"delivered": "flag"}') \g /dev/null
INSERT INTO raw (company_id, occurred_at, flag, big, price_twin)
    VALUES (11, '2024-03-05 10:07+00', true, 1000000000000000000, 5), (11, '2024-03-05 10:07+00', true, -9223372036854775808, 7);
SELECT results_eq('SELECT delivered_sms, price_sms, sent_email, price_email '
    'FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'') WHERE id = 11',
    'VALUES (1::bigint, 5.0, 1::bigint, 7.0)', 'labels of 19 digits are told apart');
SELECT pg_temp.clean('labels of 19 digits');
SELECT pg_temp.gone('raw') \g /dev/null
SELECT * FROM finish();
