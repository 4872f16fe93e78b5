-- The command in a hint works as printed, leaves the application's own columns alone and changes no figure. Each case is a shape of
-- column that cannot be mapped: the column `c` is made from what the rows mean, the hint is taken from the error and run, and then
-- the reports must say what the rows meant before. All names need quotes.
SELECT no_plan();
SELECT setseed(0.4) \g /dev/null
SET client_min_messages = error;
SELECT current_setting('server_version_num')::int >= 180000 AS has_virtual \gset
DROP SCHEMA usage CASCADE;
SELECT random_usage.companies() \g /dev/null
CREATE SCHEMA "100%s of it";
CREATE EXTENSION citext SCHEMA "100%s of it";
CREATE SCHEMA "The App";
CREATE COLLATION "The App".loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN "The App".rate AS double precision;

-- What the rows mean. The prices are multiples of 1/64: those have 6 decimals, and no float rounds them.
CREATE TABLE meant (id int, company_id bigint, occurred_at timestamptz, channel text, sender text DEFAULT 'bot',
    via_alice boolean DEFAULT false, direction text DEFAULT 'incoming',
    delivered_at timestamptz, billable boolean, duration_seconds bigint, price_twin numeric, price_reseller numeric DEFAULT 0,
        counts boolean DEFAULT true);
CREATE FUNCTION pg_temp.mean(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO meant (id, company_id, occurred_at, channel, delivered_at, billable, duration_seconds, price_twin, counts)
        SELECT n, 11 + floor(random() * 20), CASE WHEN random() < 0.1 THEN '2023-10-28 23:30+00'::timestamptz + random()
            * interval '4 hours' ELSE random_usage.moment() END,
            (ARRAY['sms', 'viber', 'email'])[1 + floor(random() * 3)], CASE WHEN random() < 0.5 THEN now() END, random() < 0.5,
            floor(random() * 5000),
            floor(random() * 100000) / 64, random() < 0.7
        FROM generate_series(first, last) n
$$;
-- Where nothing else is said, columns of the application have what is meant by the service's own names.
CREATE FUNCTION pg_temp.make(type text, c text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS "The App"."Event" CASCADE;
    CREATE TABLE "The App"."Event" (id int, company_id bigint, occurred_at timestamptz, channel text, sender text,
        via_alice boolean, direction text, delivered_at timestamptz,
        billable boolean, duration_seconds bigint, price_twin numeric(15,6), price_reseller numeric(15,6), base double precision);
    EXECUTE format('ALTER TABLE "The App"."Event" ADD COLUMN %I %s', '%s''s "c"', type);
END
$$;
-- NULL for c: the column makes itself of base.
CREATE FUNCTION pg_temp.write(c text, first int, last int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO "The App"."Event" (id, company_id, occurred_at, channel, sender, via_alice, direction, '
        'delivered_at, billable, duration_seconds, price_twin, price_reseller, base %s)
        SELECT id, company_id, occurred_at, channel, sender, via_alice, direction, delivered_at, billable, duration_seconds,
            price_twin, price_reseller, price_twin / 2 %s
        FROM meant WHERE id BETWEEN %s AND %s', ', ' || CASE WHEN c IS NOT NULL THEN quote_ident('%s''s "c"') END, ', '
            || c, first, last);
END
$$;
CREATE FUNCTION pg_temp.hint_of(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE call;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END
$$;
CREATE FUNCTION pg_temp.command_in(hint text) RETURNS text LANGUAGE sql AS $$
    SELECT substring(hint FROM '(?:ALTER|CREATE|CALL|SELECT) [^;]*;')
$$;
CREATE FUNCTION pg_temp.mapping_in(hint text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT substring(hint FROM ' and map ({.*})[.] ')::jsonb
$$;
CREATE FUNCTION pg_temp.attach(service text, mapping jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT reseller_report.attach_source(%L, %L, %L)', service, '"The App"."Event"', mapping)
$$;
CREATE SCHEMA usage;
CREATE VIEW usage.text_message AS SELECT * FROM meant WHERE counts AND current_setting('test.service') = 'text_messaging';
CREATE VIEW usage.chat_message AS SELECT * FROM meant WHERE false;
CREATE VIEW usage.phone_call AS SELECT * FROM meant WHERE counts AND current_setting('test.service') = 'telephony';
CREATE VIEW usage.bot_message AS SELECT * FROM meant WHERE counts AND current_setting('test.service') = 'bot';

CREATE FUNCTION pg_temp.try(title text, service text, settle text, type text, c text, mapping text) RETURNS SETOF text
    LANGUAGE plpgsql AS $$
DECLARE
    given jsonb := replace(mapping, '$c', substring(to_json('%s''s "c"'::text)::text FROM '^"(.*)"$'))::jsonb;
    hint text;
    before text;
    -- Moments to the microsecond: each alone in a period.
    differences CONSTANT text := 'SELECT * FROM oracle.compare(3, ''2024-03-01'', ''100 days'')'
        || CASE WHEN given ? 'occurred_at' THEN
        ' UNION ALL SELECT d::text FROM (SELECT occurred_at AS moment FROM meant ORDER BY id '
        'LIMIT 8) e, generate_series(1, 3) reseller,
            oracle.differences(reseller, e.moment, e.moment + interval ''1 microsecond'') d' ELSE '' END;
BEGIN
    PERFORM set_config('test.service', service, false);
    DELETE FROM meant;
    PERFORM pg_temp.mean(1, 60), pg_temp.make(type, c);
    EXECUTE 'UPDATE meant SET counts = true WHERE $1 NOT LIKE ''%only%''' USING mapping;
    EXECUTE coalesce('UPDATE meant SET ' || settle, 'SELECT');
    PERFORM pg_temp.write(c, 1, 40);
    SELECT md5(string_agg(e::text, ' ' ORDER BY id)) INTO before FROM "The App"."Event" e WHERE id <> 3;
    hint := pg_temp.hint_of(pg_temp.attach(service, given));
    EXECUTE pg_temp.command_in(hint);
    EXECUTE pg_temp.attach(service, given || pg_temp.mapping_in(hint));
    PERFORM pg_temp.write(c, 41, 50);
    DELETE FROM "The App"."Event" WHERE id = 3;
    DELETE FROM meant WHERE id = 3 OR id > 50;
    RETURN NEXT is_empty(differences, title);
    -- The application's columns are as they were, but for the row that was deleted and those that came.
    EXECUTE regexp_replace(pg_temp.command_in(hint), 'ADD COLUMN (\S+) .*', 'DROP COLUMN \1');
    RETURN NEXT is((SELECT md5(string_agg(e::text, ' ' ORDER BY id)) FROM "The App"."Event" e WHERE id <= 40), before, title
        || ': rows are as they were');
    -- A table that is connected while it is empty is built for all time: now it is capture that says what the rows mean.
    PERFORM pg_temp.make(type, c);
    EXECUTE pg_temp.command_in(hint);
    EXECUTE pg_temp.attach(service, given || pg_temp.mapping_in(hint));
    PERFORM pg_temp.write(c, 1, 50);
    RETURN NEXT is_empty(differences, title || ', captured');
END
$$;
SELECT pg_temp.try(title, service, settle, type, c, mapping) FROM (VALUES
    ('a price in double precision', 'bot', NULL, 'double precision', 'price_twin::double precision', '{"price_twin": "$c"}'),
    ('a price in real', 'bot', NULL, 'real', 'price_twin::real', '{"price_twin": "$c"}'),
    ('a price in a domain', 'bot', NULL, '"The App".rate', 'price_twin::double precision', '{"price_twin": "$c"}'),
    ('a price that is generated', 'bot', NULL, 'double precision GENERATED ALWAYS AS (base * 2) STORED', NULL,
        '{"price_twin": "$c"}'),
    ('a price in text', 'bot', NULL, 'text', 'price_twin::text', '{"price_twin": "$c"}'),
    ('a price in money', 'bot', 'price_twin = round(price_twin, 2)', 'money', 'price_twin::money', '{"price_twin": "$c"}'),
    ('a price of any scale', 'bot', NULL, 'numeric', 'price_twin', '{"price_twin": "$c"}'),
    ('a price of a finer scale', 'bot', 'price_twin = 0.0015 * id', 'numeric(20,10)', 'price_twin', '{"price_twin": "$c"}'),
    ('an id in text', 'bot', NULL, 'varchar(9)', 'company_id', '{"company_id": "$c"}'),
    ('an id in numeric', 'bot', NULL, 'numeric(10,2)', 'company_id', '{"company_id": "$c"}'),
    ('an id in double precision', 'bot', NULL, 'double precision', 'company_id', '{"company_id": "$c"}'),
    ('seconds since 1970', 'bot', 'occurred_at = date_trunc(''second'', occurred_at)', 'integer',
        'extract(epoch FROM occurred_at)', '{"occurred_at": "$c"}'),
    ('seconds since 1970 with a fraction', 'bot', NULL, 'double precision', 'extract(epoch FROM occurred_at)',
        '{"occurred_at": "$c"}'),
    ('a date', 'bot', 'occurred_at = date_trunc(''day'', occurred_at, ''UTC'')', 'date', 'occurred_at AT TIME ZONE ''UTC''',
        '{"occurred_at": "$c"}'),
    ('a clock with summer time', 'bot', 'occurred_at = occurred_at AT TIME ZONE ''Europe/Berlin'' AT TIME ZONE ''Europe/Berlin''',
        'timestamp',
        'occurred_at AT TIME ZONE ''Europe/Berlin''', '{"occurred_at": "$c"}'),
    ('a clock with summer time that is named', 'bot',
        'occurred_at = occurred_at AT TIME ZONE ''America/New_York'' AT TIME ZONE ''America/New_York''', 'timestamp',
        'occurred_at AT TIME ZONE ''America/New_York''', '{"occurred_at": {"column": "$c", "time_zone": "america/new_york"}}'),
    ('an interval', 'telephony', NULL, 'interval', 'duration_seconds * interval ''1.0001 seconds''', '{"duration_seconds": "$c"}'),
    ('a duration in numeric', 'telephony', NULL, 'numeric', 'duration_seconds + 0.9', '{"duration_seconds": "$c"}'),
    ('a duration in text', 'telephony', NULL, 'text', 'duration_seconds', '{"duration_seconds": "$c"}'),
    ('a direction in jsonb', 'telephony', NULL, 'jsonb', 'to_jsonb(direction)', '{"direction": "$c"}'),
    ('a channel by a decimal number', 'text_messaging', NULL, 'numeric(3,0)', 'strpos(''sms viber email'', channel)',
        '{"channel": {"column": "$c", "values": {"1": "sms", "5": "viber", "11": "email"}}}'),
    ('a channel under a nondeterministic collation', 'text_messaging', NULL, 'text COLLATE "The App".loose', 'channel',
        '{"channel": "$c"}'),
    ('yes and no in jsonb', 'bot', NULL, 'jsonb', 'to_jsonb(billable)', '{"billable": "$c"}'),
    ('yes and no in numeric', 'bot', NULL, 'numeric', 'billable::integer', '{"billable": "$c"}'),
    ('yes and no by values of numeric', 'bot', NULL, 'numeric(1,0)', 'billable::integer',
        '{"billable": {"column": "$c", "values": {"1": true, "0": false}}}'),
    ('a receipt on a date', 'text_messaging', NULL, 'date', 'delivered_at::date', '{"delivered": "$c"}'),
    ('a receipt by its key', 'text_messaging', NULL, 'uuid', 'CASE WHEN delivered_at IS NOT NULL THEN gen_random_uuid() END',
        '{"delivered": "$c"}'),
    ('not deleted', 'bot', NULL, 'timestamptz', 'CASE WHEN NOT counts THEN now() END', '{"only": {"$c": [null]}}'),
    ('a condition on a decimal number', 'bot', NULL, 'numeric(1,0)', 'CASE WHEN counts THEN nullif(id % 2, 0) ELSE 2 END',
        '{"only": {"$c": [1, null]}}'),
    ('a condition on a scale', 'bot', NULL, 'numeric(10,2)', 'CASE WHEN counts THEN 1.5 ELSE 15 END', '{"only": {"$c": [1.5]}}'),
    ('a condition on numbers of any scale', 'bot', NULL, 'numeric', 'CASE WHEN counts THEN 1.50 + (id % 2) * 0.000 ELSE 0.5 END',
        '{"only": {"$c": [1.5, 77]}}'),
    ('a condition on double precision', 'bot', NULL, 'double precision', 'CASE WHEN counts THEN 100 ELSE 0.1 END',
        '{"only": {"$c": ["1e2"]}}'),
    ('a condition on a key', 'bot', NULL, 'uuid', 'CASE WHEN counts THEN ''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid END',
        '{"only": {"$c": ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "not a key"]}}'),
    ('a condition without case', 'bot', NULL, '"100%s of it".citext',
        'CASE WHEN counts THEN (ARRAY[''sent'', ''SENT'', NULL])[1 + id % 3] ELSE ''draft'' END',
        '{"only": {"$c": ["Sent", null]}}'),
    ('a condition under a nondeterministic collation', 'bot', NULL, 'text COLLATE "The App".loose',
        'CASE WHEN counts THEN (ARRAY[''sent'', ''SENT''])[1 + id % 2] ELSE ''draft'' END', '{"only": {"$c": ["Sent"]}}'),
    ('a receipt without case', 'text_messaging', NULL, '"100%s of it".citext',
        'CASE WHEN delivered_at IS NOT NULL THEN (ARRAY[''read'', ''READ''])[1 + id % 2] WHEN id % 4 > 1 THEN ''sent'' END',
        '{"delivered": "$c", "delivered_values": ["Read"]}'),
    ('a receipt under a nondeterministic collation', 'text_messaging', NULL, 'text COLLATE "The App".loose',
        'CASE WHEN delivered_at IS NOT NULL THEN (ARRAY[''read'', ''READ''])[1 + id % 2] WHEN id % 4 > 1 THEN ''sent'' END',
        '{"delivered": {"column": "$c", "delivered_values": ["read"], "null": false}}'),
    ('a receipt on a scale', 'text_messaging', NULL, 'numeric(4,1)', 'CASE WHEN delivered_at IS NOT NULL THEN 2 ELSE 2.1 END',
        '{"delivered": {"column": "$c", "values": {"2": true, "2.10": false}}}'),
    ('a channel without case', 'text_messaging', NULL, '"100%s of it".citext',
        'CASE id % 2 WHEN 0 THEN upper(channel) ELSE channel END', '{"channel": "$c"}'),
    ('a channel in any case under a nondeterministic collation', 'text_messaging', NULL, 'text COLLATE "The App".loose',
        'CASE id % 2 WHEN 0 THEN upper(channel) ELSE channel END', '{"channel": "$c"}'),
    ('a channel by numbers of any scale', 'text_messaging', NULL, 'numeric',
        'strpos(''sms viber email'', channel) / 2.0 + (id % 2) * 0.000',
        '{"channel": {"column": "$c", "values": {"0.5": "sms", "2.50": "viber", "5.5": "email"}, "other": null}}'),
    ('a receipt without case, or none', 'text_messaging', 'delivered_at = CASE WHEN id % 4 < 3 THEN now() END',
        '"100%s of it".citext',
        'CASE WHEN delivered_at IS NOT NULL THEN (ARRAY[''read'', NULL])[1 + id % 2] ELSE ''sent'' END',
        '{"delivered": "$c", "delivered_values": ["Read", null]}'),
    ('a receipt under a nondeterministic collation, or none', 'text_messaging', NULL, 'text COLLATE "The App".loose',
        'CASE WHEN delivered_at IS NOT NULL THEN (ARRAY[''READ'', NULL])[1 + id % 2] ELSE ''sent'' END',
        '{"delivered": {"column": "$c", "delivered_values": ["read", null]}}'),
    ('a receipt that is none', 'text_messaging', NULL, '"100%s of it".citext', 'CASE WHEN delivered_at IS NULL THEN ''x'' END',
        '{"delivered": "$c", "delivered_values": [null]}'),
    ('a receipt that is none, under a nondeterministic collation', 'text_messaging', NULL, 'text COLLATE "The App".loose',
        'CASE WHEN delivered_at IS NULL THEN ''x'' END', '{"delivered": {"column": "$c", "delivered_values": [null]}}'),
    ('a receipt that no key can be', 'text_messaging', 'delivered_at = NULL', 'uuid', 'gen_random_uuid()',
        '{"delivered": "$c", "delivered_values": ["read"]}'),
    ('a condition on boxes of the same area', 'bot', NULL, 'box',
        'CASE WHEN counts THEN box ''((1,1),(0,0))'' ELSE box ''((3,3),(2,2))'' END', '{"only": {"$c": ["(1,1),(0,0)"]}}'),
    ('a condition on boxes that are written otherwise', 'bot', NULL, 'box',
        'CASE WHEN counts THEN box ''((1,1),(0,0))'' ELSE box ''((3,3),(2,2))'' END', '{"only": {"$c": ["0, 0, 1, 1"]}}'),
    ('a condition on networks that are written otherwise', 'bot', NULL, 'cidr',
        'CASE WHEN counts THEN cidr ''10.0.0.0/8'' ELSE ''11.0.0.0/8'' END', '{"only": {"$c": ["10/8"]}}'),
    ('a channel by networks that are written otherwise', 'text_messaging', 'channel = ''sms''', 'cidr', '''10.0.0.0/8''::cidr',
        '{"channel": {"column": "$c", "values": {"10/8": "sms"}}}'),
    ('a condition with percent signs', 'bot', NULL, '"100%s of it".citext',
        'CASE WHEN counts THEN ''A%s'' ELSE ''b'' END', '{"only": {"$c": ["a%S"]}}'),
    ('a condition on what is generated under a nondeterministic collation', 'bot',
        'price_twin = CASE WHEN counts THEN 4 ELSE 7 END',
        'text COLLATE "The App".loose GENERATED ALWAYS AS (CASE WHEN base = 2 THEN ''SENT'' ELSE ''draft'' END) STORED', NULL,
        '{"only": {"$c": ["Sent"]}}'),
    ('a condition on what is generated with another scale', 'bot', 'price_twin = CASE WHEN counts THEN 3.002 ELSE 3.2 END',
        'numeric(10,2) GENERATED ALWAYS AS (base::numeric) STORED', NULL, '{"only": {"$c": ["1.5"]}}'),
    ('a channel that is generated without case', 'text_messaging', 'channel = ''sms''',
        '"100%s of it".citext GENERATED ALWAYS AS (''S'' || substr(''MS'' || id, 1, 2)) STORED', NULL, '{"channel": "$c"}'),
    ('a channel in one byte', 'text_messaging', 'channel = ''push''', '"char"', '''p''',
        '{"channel": {"column": "$c", "values": {"p": "push", "sms": "sms"}}}'),
    ('a condition in one byte', 'bot', NULL, '"char"', 'CASE WHEN counts THEN ''s'' ELSE ''t'' END',
        '{"only": {"$c": ["s", "two"]}}'),
    ('a channel in bits', 'text_messaging', NULL, 'bit(3)', 'strpos(''ms viber email'', channel)::bit(3)',
        '{"channel": {"column": "$c", "values": {"000": "sms", "100": "viber", "010": "email"}}}'),
    ('a receipt in a fixed width under a nondeterministic collation', 'text_messaging', NULL, 'char(6) COLLATE "The App".loose',
        'CASE WHEN delivered_at IS NOT NULL THEN ''READ'' ELSE ''refuse'' END',
        '{"delivered": {"column": "$c", "values": {"read": true, "refuse": false}}}'),
    ('a condition on jsonb', 'bot', NULL, 'jsonb', 'to_jsonb(CASE WHEN counts THEN ''sent'' ELSE ''draft'' END)',
        '{"only": {"$c": ["sent"]}}')
    ) AS shape (title, service, settle, type, c, mapping);
\if :has_virtual
SELECT pg_temp.try(title, 'bot', settle, type, NULL, mapping) FROM (VALUES
    ('a virtual price', NULL, 'numeric(15,6) GENERATED ALWAYS AS (base * 2)', '{"price_twin": "$c"}'),
    ('a virtual price of another type', NULL, 'double precision GENERATED ALWAYS AS (base * 2)', '{"price_twin": "$c"}'),
    ('a virtual id', NULL, 'integer GENERATED ALWAYS AS (company_id)', '{"company_id": "$c"}'),
    ('a virtual moment', NULL, 'timestamptz GENERATED ALWAYS AS (occurred_at)', '{"occurred_at": "$c"}'),
    ('a virtual clock', NULL, 'timestamp GENERATED ALWAYS AS (occurred_at AT TIME ZONE ''UTC'')',
        '{"occurred_at": {"column": "$c", "time_zone": "UTC"}}'),
    ('a virtual yes and no', NULL, 'boolean GENERATED ALWAYS AS (billable)', '{"billable": "$c"}'),
    ('a virtual condition', 'counts = billable', 'boolean GENERATED ALWAYS AS (billable)',
        '{"only": {"$c": [true]}}')) AS shape (title, settle, type, mapping);
\endif

-- What a table is: the command of the hint, and the table connects.
SET test.service = 'bot';
CREATE FUNCTION pg_temp.as_advised(title text, made text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    call CONSTANT text := 'SELECT reseller_report.attach_source(''bot'', ''"The App"."Other"'')';
BEGIN
    EXECUTE made;
    INSERT INTO "The App"."Other" SELECT company_id, occurred_at, price_twin, price_reseller, billable FROM meant;
    EXECUTE pg_temp.command_in(pg_temp.hint_of(call));
    EXECUTE call;
    RETURN NEXT is_empty('SELECT * FROM oracle.compare(2, ''2024-03-01'', ''100 days'')', title);
    DROP TABLE "The App"."Other";
END
$$;
-- No command is advised where values that are equal are written in several ways.
SELECT pg_temp.make('time', NULL) \g /dev/null
SELECT is(pg_temp.command_in(pg_temp.hint_of(pg_temp.attach('bot', '{"only": {"%s''s \"c\"": ["10:00"]}}'))), NULL,
    'a condition on a time');
SELECT pg_temp.make('numeric', NULL) \g /dev/null
SELECT is(pg_temp.command_in(pg_temp.hint_of(pg_temp.attach('text_messaging',
    '{"channel": {"column": "%s''s \"c\"", "values": {"1": "sms", "1.0": "viber"}}}'))), NULL,
    'a channel by two values that are equal');
DROP TABLE "The App"."Event";
UPDATE meant SET counts = true;
SELECT '(company_id bigint, occurred_at timestamptz, price_twin numeric(15,6), price_reseller numeric(15,6), billable boolean)'
    AS columns \gset
SELECT pg_temp.as_advised('unlogged', 'CREATE UNLOGGED TABLE "The App"."Other" ' || :'columns');
SELECT pg_temp.as_advised('an unlogged partition', 'CREATE TABLE "The App"."Other" ' || :'columns'
    || ' PARTITION BY RANGE (occurred_at); CREATE UNLOGGED TABLE "The App"."Part" PARTITION OF "The App"."Other" DEFAULT');
SELECT pg_temp.as_advised('forced row-level security', 'CREATE TABLE "The App"."Other" ' || :'columns'
    || '; ALTER TABLE "The App"."Other" FORCE ROW LEVEL SECURITY');

-- What state something is in: the call of the hint, done as printed, and what was refused is done; all figures stay.
CREATE FUNCTION pg_temp.call_in(hint text) RETURNS text LANGUAGE sql AS $$
    SELECT substring(hint FROM '(?:SELECT|CALL) reseller_report[.][^ ]+[(].*[)]')
$$;
CREATE FUNCTION pg_temp.figures_stay(title text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty('SELECT d.* FROM generate_series(1, 3) r, oracle.differences(r, ''-infinity'', ''infinity'') d', title)
$$;
CREATE TABLE "The App"."Bots" (company_id bigint, occurred_at timestamptz, price_twin numeric(15,6), price_reseller numeric(15,6),
    billable boolean) PARTITION BY RANGE (occurred_at);
CREATE TABLE "The App"."Old" PARTITION OF "The App"."Bots" FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-03-01 00:00+00');
CREATE TABLE "The App"."New" PARTITION OF "The App"."Bots" DEFAULT;
INSERT INTO "The App"."Bots" SELECT company_id, occurred_at, price_twin, price_reseller, billable FROM meant;
\set attach 'SELECT reseller_report.attach_source(''bot'', ''"The App"."Bots"'')'
\set prune 'SELECT * FROM reseller_report.prune(''"The App"."Bots"'', ''2024-03-01 00:00+00'')'
\set rebuild 'SELECT * FROM reseller_report.rebuild_slice(''"The App"."Bots"'', ''2024-03-01 00:00+00'', ''infinity'')'
:attach \g /dev/null
SELECT pg_temp.call_in(pg_temp.hint_of(:'attach')) \gexec
SELECT lives_ok(:'attach', 'connected already');
SELECT pg_temp.figures_stay('detached, and connected again');
SELECT pg_temp.call_in(pg_temp.hint_of(:'prune')) \gexec
SELECT lives_ok(:'prune', 'not built');
SELECT pg_temp.figures_stay('built, and pruned');
ALTER TABLE "The App"."Bots" DISABLE TRIGGER reseller_report_capture;
SELECT pg_temp.call_in(substring(pg_temp.hint_of(:'rebuild') FROM '^.*? puts')) \gexec
SELECT lives_ok(:'rebuild', 'capture was off');
SELECT pg_temp.figures_stay('capture put on, and rebuilt');
ALTER TABLE "The App"."Bots" FORCE ROW LEVEL SECURITY;
SELECT pg_temp.command_in(pg_temp.hint_of(:'rebuild')) \gexec
SELECT lives_ok(:'rebuild', 'row-level security was forced');
SELECT pg_temp.figures_stay('not forced');
BEGIN;
CREATE TABLE "The App"."Late" (LIKE "The App"."Bots");
INSERT INTO "The App"."Late" SELECT company_id, occurred_at, 1, 1, true FROM meant;
SELECT reseller_report.attach_source('bot', '"The App"."Late"') \g /dev/null
SELECT pg_temp.call_in(pg_temp.hint_of($$SELECT *
    FROM reseller_report.rebuild_slice('"The App"."Late"', '-infinity', 'infinity')$$)) AS call \gset
COMMIT;
:call;
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = '"The App"."Late"'::regclass), true,
    'rows of the transaction that connected the table');
DROP TABLE "The App"."Late";
SELECT pg_temp.figures_stay('a table that came and went');
-- Rows that a partition of their own waits for, under a check that is not validated.
CREATE TABLE "The App"."Months" (LIKE "The App"."Bots") PARTITION BY RANGE (occurred_at);
CREATE TABLE "The App"."Rest" PARTITION OF "The App"."Months" DEFAULT;
SELECT reseller_report.attach_source('bot', '"The App"."Months"') \g /dev/null
INSERT INTO meant (id, company_id, occurred_at, billable, price_twin) SELECT 1000, 12, '2022-05-05', true, 4;
INSERT INTO "The App"."Months" SELECT company_id, occurred_at, price_twin, price_reseller, billable FROM meant WHERE id = 1000;
ALTER TABLE "The App"."Months" ADD CONSTRAINT "it's positive" CHECK (price_twin > 0) NOT VALID;
SELECT pg_temp.command_in(pg_temp.hint_of($$SELECT * FROM reseller_report.create_partitions('1 day', '"The App"."Months"')$$))
    \gexec
SELECT isnt_empty($$SELECT * FROM reseller_report.create_partitions('1 day', '"The App"."Months"')$$,
    'a check that was not validated');
SELECT pg_temp.figures_stay('validated, and moved');
-- Instead of TRUNCATE, and what only lists.
BEGIN;
SELECT lives_ok(substring(pg_temp.hint_of('TRUNCATE reseller_report.dependency') FROM 'DELETE FROM [^ ]*[a-z]'), 'DELETE');
ROLLBACK;
SELECT lives_ok(substring(pg_temp.hint_of(call) FROM 'SELECT .* FROM [^ ]+'), call) FROM (VALUES
    ($$INSERT INTO reseller_report.company VALUES (500, 'x', false, 'Nowhere')$$),
    ($$SELECT reseller_report.detach_source('"The App"."Rest"')$$),
    ($$SELECT * FROM reseller_report.rebuild_slices('"The App"."Rest"')$$)) AS lists (call);
SELECT * FROM finish();
