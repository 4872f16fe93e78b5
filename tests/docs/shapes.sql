-- Run by shapes.sh, with the rows of the documentation in table documented. What each shape of column means is said here,
-- independently of the expression that the documentation gives: `fill` makes the columns of row n, `means` says per role what a row
-- counts as.
SELECT plan((SELECT count(*) FROM documented)::int + 3);
SELECT setseed(0.2) \g /dev/null
DROP SCHEMA usage CASCADE;
SELECT random_usage.companies() \g /dev/null
CREATE SCHEMA shapes;
CREATE SCHEMA usage;
CREATE TABLE tried (shape text, service text, role text, fill text, means text);
INSERT INTO tried VALUES
    ('epoch bigint', 'telephony', 'occurred_at',
        $$extract(epoch FROM random_usage.moment())::bigint$$,
        $$timestamptz '1970-01-01 00:00+00' + epoch * interval '1 second'$$),
    ('at_ms bigint', 'telephony', 'occurred_at',
        $$(extract(epoch FROM random_usage.moment()) * 1000)::bigint$$,
        $$timestamptz '1970-01-01 00:00+00' + at_ms * interval '1 millisecond'$$),
    ('at_us bigint', 'telephony', 'occurred_at',
        $$(extract(epoch FROM random_usage.moment()) * 1000000)::bigint$$,
        $$timestamptz '1970-01-01 00:00+00' + at_us * interval '1 microsecond'$$),
    ('day date, clock time', 'telephony', 'occurred_at',
        $$(random_usage.moment() AT TIME ZONE 'UTC')::date, (random_usage.moment() AT TIME ZONE 'UTC')::time$$,
        $$(day || ' ' || clock || '+00')::timestamptz$$),
    ('local timestamp', 'telephony', 'occurred_at',
        $$CASE WHEN n % 5 = 0 THEN timestamp '2023-10-29 01:00' + random() * interval '4 hours'
            ELSE random_usage.moment() AT TIME ZONE 'UTC' END$$,
        $$(local || ' Europe/Berlin')::timestamptz$$),
    ('at timestamptz', 'telephony', 'occurred_at',
        $$CASE WHEN n % 4 = 0 THEN '0001-01-01 00:00+00' ELSE random_usage.moment() END$$,
        $$CASE WHEN extract(year FROM at) > 1 THEN at END$$),
    ('delivered_on timestamptz', 'text_messaging', 'delivered',
        $$CASE WHEN n % 3 = 0 THEN '1970-01-01 00:00+00' ELSE random_usage.moment() END$$,
        $$extract(year FROM delivered_on) > 1970$$),
    ('deleted_at timestamptz', 'telephony', 'counts',
        $$CASE WHEN n % 3 = 0 THEN random_usage.moment() END$$,
        $$coalesce(deleted_at::text, '') = ''$$),
    ('status text, test boolean', 'telephony', 'counts',
        $$(ARRAY['sent', 'delivered', 'failed', NULL])[1 + n % 4], n % 5 = 0$$,
        $$test::text || coalesce(status, '') IN ('falsesent', 'falsedelivered')$$),
    ('firm text', 'telephony', 'company_id', $$(11 + floor(random() * 29))::text$$, $$to_number(firm, '99')::bigint$$),
    ('cost double precision', 'telephony', 'price_twin',
        $$round((random() * 1000)::numeric, 4)$$,
        $$to_number(cost::text, '999999.999999')$$),
    ('cost text', 'telephony', 'price_twin',
        $$round((random() * 1000)::numeric, 8)::text$$,
        $$floor(to_number(cost, '999999.99999999') * 1000000 + 0.5) / 1000000$$),
    ('cost numeric', 'telephony', 'price_twin',
        $$round((random() * 1000)::numeric, n % 9)$$,
        $$floor(cost * 1000000 + 0.5) / 1000000$$),
    ('debit numeric(12,4)', 'telephony', 'price_twin', $$-round((random() * 100)::numeric, 4)$$, $$0 - debit$$),
    ('parts integer, rate numeric(12,6)', 'telephony', 'price_twin',
        $$n % 4, round(random()::numeric, 6)$$,
        $$rate * (parts / 2) + rate * (parts - parts / 2)$$),
    ('took interval', 'telephony', 'duration_seconds',
        $$random() * interval '100 minutes'$$,
        $$(extract(hour FROM took) * 3600 + extract(minute FROM took) * 60 + floor(extract(second FROM took)))::bigint$$),
    ('began timestamptz, ended timestamptz', 'telephony', 'duration_seconds',
        $$random_usage.moment(), CASE WHEN n % 5 > 0 THEN timestamptz '2024-06-01 00:00+00' + random() * interval '1 day' END$$,
        $$coalesce(floor(extract(epoch FROM ended) - extract(epoch FROM began)), 0)::bigint$$),
    ('took_ms integer', 'telephony', 'duration_seconds',
        $$(random() * 1000000)::integer$$,
        $$floor(took_ms * 0.001)::bigint$$),
    ('flags integer', 'bot', 'billable', $$n % 16$$, $$flags / 4 % 2 = 1$$),
    ('doc jsonb', 'text_messaging', 'channel',
        $$jsonb_build_object('channel', (ARRAY['sms', 'push'])[1 + n % 2], 'price', n)$$,
        $$CASE WHEN doc::text LIKE '%"sms"%' THEN 'sms' ELSE 'push' END$$),
    ('doc jsonb', 'telephony', 'price_twin',
        $$jsonb_build_object('price', round((random() * 10)::numeric, 6))$$,
        $$(doc -> 'price')::numeric$$);

-- A shape of the documentation and how it is tried; one of the two is NULL where the other has no match.
CREATE VIEW pair AS
    SELECT d.shape AS documented, t.shape AS tried, d.added, d.mapped, t.service, t.role, t.fill, t.means
    FROM documented d FULL JOIN tried t
        ON d.shape = t.shape AND (split_part(d.added, ' ', 1) = t.role OR d.mapped <> '' AND t.role = 'counts');
SELECT is_empty($$SELECT coalesce(documented, tried), coalesce(added, role) FROM pair WHERE documented IS NULL OR tried IS NULL$$,
    'each shape that the documentation tells of is tried, and no other');

CREATE FUNCTION pg_temp.meaning(wanted text, is_tried text, means text, otherwise text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN wanted = is_tried THEN means ELSE otherwise END
$$;
-- What the rows of shapes.event mean, as usage tables of the service have it; those of other services are empty.
CREATE FUNCTION pg_temp.make_views(service text, role text, means text, moment text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    common CONSTANT text := format(
        '1 AS id, %s AS company_id, %s AS occurred_at, (%s)::numeric AS price_twin, 0::numeric AS price_reseller',
        pg_temp.meaning('company_id', role, means, '(11 + id % 20)::bigint'), pg_temp.meaning('occurred_at', role, means, moment),
        pg_temp.meaning('price_twin', role, means, '1'));
    counts CONSTANT text := pg_temp.meaning('counts', role, means, 'true');
BEGIN
    EXECUTE format('CREATE VIEW usage.text_message AS
        SELECT %s, %s AS channel, CASE WHEN %s THEN now() END AS delivered_at FROM shapes.event
        WHERE %s AND %L = ''text_messaging''',
        common, pg_temp.meaning('channel', role, means, '''sms'''), pg_temp.meaning('delivered', role, means, 'true'), counts,
        service);
    EXECUTE format('CREATE VIEW usage.chat_message AS
        SELECT %s, ''bot'' AS sender, false AS via_alice FROM shapes.event WHERE false', common);
    EXECUTE format('CREATE VIEW usage.phone_call AS
        SELECT %s, ''incoming'' AS direction, %s AS duration_seconds FROM shapes.event WHERE %s AND %L = ''telephony''',
        common, pg_temp.meaning('duration_seconds', role, means, '60'), counts, service);
    EXECUTE format('CREATE VIEW usage.bot_message AS SELECT %s, %s AS billable FROM shapes.event WHERE %s AND %L = ''bot''',
        common, pg_temp.meaning('billable', role, means, 'true'), counts, service);
END
$$;
CREATE FUNCTION pg_temp.try(shape text, added text, mapped text, service text, role text, fill text, means text) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    constants CONSTANT jsonb := '{"price_twin": {"value": 1}, "price_reseller": {"value": 0}, "channel": {"value": "sms"},
        "delivered": {"value": true}, "direction": {"value": "incoming"}, "duration_seconds": {"value": 60},
        "billable": {"value": true}}';
    mapping jsonb;
    moment CONSTANT text := CASE WHEN role = 'occurred_at' THEN 'NULL' ELSE 'occurred_at' END;
BEGIN
    EXECUTE format('CREATE TABLE shapes.event (
        id int, %s, usage_company_id bigint GENERATED ALWAYS AS (11 + id %% 20) STORED %s)', shape,
        CASE WHEN role <> 'occurred_at' THEN ', occurred_at timestamptz DEFAULT random_usage.moment()' ELSE '' END);
    EXECUTE format('INSERT INTO shapes.event SELECT n, %s FROM generate_series(1, 60) n', fill);
    EXECUTE 'ALTER TABLE shapes.event ADD COLUMN ' || added;
    SELECT jsonb_object_agg(c.key, c.value) INTO mapping
        FROM jsonb_each(constants) c JOIN reseller_report._fields(service) f ON f.field = c.key
        WHERE c.key <> split_part(added, ' ', 1);
    mapping := mapping || CASE WHEN role <> 'company_id' THEN '{"company_id": "usage_company_id"}' ELSE '{}' END::jsonb
        || coalesce('{' || nullif(mapped, '') || '}', '{}')::jsonb;
    PERFORM reseller_report.attach_source(service, 'shapes.event', mapping);
    EXECUTE format('INSERT INTO shapes.event SELECT n, %s FROM generate_series(61, 90) n', fill);
    PERFORM pg_temp.make_views(service, role, means, moment);
    -- Moments to the microsecond: each alone in a period.
    RETURN is_empty('SELECT * FROM oracle.compare(4, ''2024-03-01'', ''100 days'')' || CASE WHEN role = 'occurred_at' THEN format('
        UNION ALL SELECT d::text
        FROM (SELECT %s AS moment FROM shapes.event ORDER BY id LIMIT 15) e, generate_series(1, 3) reseller,
            oracle.differences(reseller, e.moment, e.moment + interval ''1 microsecond'') d
        WHERE e.moment IS NOT NULL', means) ELSE '' END, format('%s: %s', shape, added));
END
$$;
SELECT c.command FROM pair p
    CROSS JOIN LATERAL (VALUES
        (1, format('SELECT pg_temp.try(%L, %L, %L, %L, %L, %L, %L)',
            p.documented, p.added, p.mapped, p.service, p.role, p.fill, p.means)),
        (2, 'DROP TABLE shapes.event CASCADE')) AS c (n, command)
    WHERE p.documented = p.tried
    ORDER BY p.documented, p.added, c.n
\gexec
