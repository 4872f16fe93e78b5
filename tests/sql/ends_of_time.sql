-- Moments, periods, partitions, clocks and dependencies at both ends of time, and a microsecond beside a bound, are exact, or
-- refused with the documented SQLSTATE.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/ends.sql

-- Both ends in buckets of every level.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (16, '4714-11-24 00:00:00+00 BC', 7),
    (16, '294276-12-31 23:59:59.999999+00', 8);
SELECT reseller_report.materialize() \g /dev/null
SELECT is_empty('SELECT * FROM oracle.differences(1, ''-infinity'', ''infinity'')', 'the ends of time');
DELETE FROM usage.bot_message;
SELECT reseller_report.materialize() \g /dev/null

-- Both ends of time, and the microseconds around a bound: every period between them, before and after folding, and rebuilt.
CREATE TABLE moment AS SELECT unnest(ARRAY['-infinity', '4714-11-24 00:00:00+00 BC', '4714-11-24 00:00:00.000001+00 BC',
    '0001-12-31 23:59:59.999999+00 BC', '2024-02-29 23:59:59.999999+00', '2024-03-01 00:00:00+00', '2024-03-01 00:00:00.000001+00',
    '294276-12-31 23:59:59.999998+00', '294276-12-31 23:59:59.999999+00', 'infinity']::timestamptz[]) AS at;
INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin) SELECT 18, 'bot', at, row_number() OVER (ORDER BY at)
    FROM moment WHERE isfinite(at);
CREATE FUNCTION pg_temp.periods(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is_empty('SELECT f.at, t.at, (SELECT total_price_to_twin FROM reseller_report.chat(1, f.at, t.at) '
        'WHERE id = 18), w.total FROM moment f, moment t,
        LATERAL (SELECT coalesce(sum(price_twin), 0) FROM usage.chat_message WHERE occurred_at >= f.at
            AND occurred_at < t.at) AS w (total)
        WHERE f.at < t.at AND (SELECT total_price_to_twin FROM reseller_report.chat(1, f.at, t.at) WHERE id = 18) <> w.total',
            label || ', every period');
END
$$;
SELECT pg_temp.periods('written');
SELECT pg_temp.folded();
SELECT pg_temp.periods('folded');
SELECT cmp_ok((SELECT count(*) FROM reseller_report.rebuild_slices('usage.chat_message')), '<', 1000::bigint,
    'rows of all time are rebuilt in few slices');
CALL reseller_report.rebuild('usage.chat_message');
SELECT pg_temp.periods('rebuilt');
SELECT lives_ok('SELECT bucket::text FROM reseller_report.usage_' || level, 'buckets by ' || level || ' can be dumped')
    FROM unnest(ARRAY['quarter', 'hour', 'day', 'month', 'year']) AS level;
SELECT throws_ok(format('SELECT * FROM reseller_report.%s(1, %L, %L)', s, f.at, t.at), '22023',
    'the period must end after it begins', format('%s from %s to %s', s, f.at, t.at))
FROM unnest(ARRAY['chat', 'bot']) AS s, moment f, moment t WHERE f.at >= t.at AND (f.at = t.at OR s = 'bot');
SELECT lives_ok(format('SELECT * FROM reseller_report.%s', call), call)
    FROM (VALUES ('verify(''294276-12-31 12:00+00'', ''294276-12-31 13:00+00'')'),
        ('verify(''4714-11-24 00:00+00 BC'', ''4714-11-24 00:00:00.000001+00 BC'')'),
    ('rebuild_slices(''usage.chat_message'', ''294276-12-31 12:00+00'', ''294276-12-31 13:00+00'')'),
    ('rebuild_slices(''usage.bot_message'', ''4714-11-24 12:00+00 BC'', ''4714-11-24 13:00+00 BC'')'),
    ('rebuild_slice(''usage.chat_message'', ''294276-12-31 00:00+00'', ''infinity'')'),
    ('rebuild_slice(''usage.chat_message'', ''-infinity'', ''4714-11-24 00:00+00 BC'')'),
    ('prunable(''usage.chat_message'', ''-infinity'')'), ('prune(''usage.chat_message'', ''-infinity'')'),
        ('prunable(''usage.chat_message'', ''4714-11-24 00:00+00 BC'')')) AS v (call);
SELECT throws_ok(format('SELECT * FROM reseller_report.%s', call), state, NULL, call)
    FROM (VALUES ('verify(''infinity'', ''-infinity'')', '22023'), ('verify(NULL, ''infinity'')', '22004'),
        ('verify(''-infinity'', ''infinity'', ''fax'')', '22023'),
    ('rebuild_slices(''usage.chat_message'', ''infinity'', ''infinity'')', '22023'),
    ('rebuild_slice(''usage.chat_message'', ''2024-03-01 00:00:00.000001+00'', ''infinity'')', '22023'),
    ('rebuild_slice(''usage.chat_message'', ''infinity'', ''-infinity'')', '22023'),
    ('prune(''usage.chat_message'', NULL)', '22004'), ('create_partitions(''178000000 years'')', '22023'),
        ('create_partitions(''2147483647 days'')', '22023'), ('create_partitions(''2562047788 hours'')', '22023')) AS v (call,
            state);
SELECT throws_ok(format('INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (18, ''bot'', %s)', v), state,
    NULL, v) FROM (VALUES ('''infinity''', '23514'), ('''-infinity''', '23514'), ('NULL', '23502'), ('''294277-01-01''', '22008'),
        ('''4714-11-23 BC''', '22008')) AS bad (v, state);

-- Partitions: one that ends on the last day of time; rows before the first month that has a beginning stay where they are.
SELECT lives_ok('CREATE TABLE usage.last_day PARTITION OF usage.bot_message '
    'FOR VALUES FROM (''294276-12-31 12:00+00'') TO (''294276-12-31 13:00+00'')', 'a partition on the last day');
SELECT lives_ok('CREATE TABLE usage.first_day PARTITION OF usage.bot_message '
    'FOR VALUES FROM (''-infinity'') TO (''4714-11-24 00:00:00.000001+00 BC'')', 'a partition on the first day');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (19, '294276-12-31 12:30+00', 1),
    (19, '4714-11-24 00:00+00 BC', 2);
SELECT pg_temp.folded();
TRUNCATE usage.last_day, usage.first_day;
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '-infinity', 'infinity') WHERE id = 19), 0.0,
    'TRUNCATE of both takes their usage out of the report');
SELECT results_eq('SELECT to_char(period_from, ''YYYY-MM BC'') '
    'FROM reseller_report.create_partitions(''0'', ''usage.chat_message'') WHERE period_from < ''2025-01-01'' '
    'ORDER BY period_from', $$VALUES ('0001-12 BC'), ('2024-02 AD'), ('2024-03 AD')$$,
    'months are made, but not the first of all time');
SELECT pg_temp.periods('with partitions');

-- Clocks: as far from UTC as they go, and those that are none.
CREATE TABLE clock (company_id int, occurred_at timestamp, billable boolean DEFAULT true, price_twin numeric(12,6),
    price_reseller int DEFAULT 0);
CREATE FUNCTION pg_temp.counted(zone text, at timestamptz) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    result numeric;
BEGIN
    PERFORM reseller_report.attach_source('bot', 'clock',
        jsonb_build_object('occurred_at', jsonb_build_object('column', 'occurred_at', 'time_zone', zone)));
    INSERT INTO clock VALUES (20, '2024-03-01 00:00', true, 1);
    result := (SELECT total_price_to_twin FROM reseller_report.bot(1, at, at + interval '1 microsecond') WHERE id = 20);
    DELETE FROM clock;
    PERFORM reseller_report.detach_source('clock');
    RETURN result;
END
$$;
SELECT is(pg_temp.counted(zone, (timestamp '2024-03-01 00:00' - ahead) AT TIME ZONE 'UTC'), 1.0, zone)
    FROM (VALUES ('+15:59', interval '15:59'), ('-15:59', '-15:59'), ('-0930', '-9:30'), ('+05', '5:00'), ('etc/gmt-14', '14:00'),
        ('Etc/GMT+12', '-12:00'), ('Zulu', '0')) AS v (zone, ahead);
SELECT throws_ok(format('SELECT reseller_report.attach_source(''bot'', ''clock'', %L)',
    jsonb_build_object('occurred_at', jsonb_build_object('column', 'occurred_at', 'time_zone', zone))), '22023',
    'column "occurred_at" of table "public.clock" has type timestamp without time zone and needs a time zone that never changes '
    'its offset', coalesce(zone, 'NULL'))
FROM unnest(ARRAY['+16:00', '+3', '03:00', '+03:60', '+03:00:00', 'Europe/Moscow', 'MSK', 'Etc/Nowhere', 'etc/%', E'+03:00\n', '',
    ' UTC', 'UTC+3', 'infinity', NULL]) AS zone;
SELECT reseller_report.attach_source('bot', 'clock', '{"occurred_at": {"column": "occurred_at", "time_zone": "-15:59"}}')
    \g /dev/null
SELECT throws_ok('INSERT INTO clock VALUES (20, ''294276-12-31 23:59:59.999999'', true, 1)', '22008',
    'column "occurred_at" of table "clock" holds a moment out of range in UTC', 'a clock that shows more than time has');
INSERT INTO clock VALUES (20, '4714-11-24 00:00 BC', true, 1), (20, '294276-12-31 08:00:59.999999', true, 2);
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, f, t) WHERE id = 20), wanted, format('%s to %s', f, t))
    FROM (VALUES ('-infinity'::timestamptz, 'infinity'::timestamptz, 3.0), ('-infinity', '4714-11-24 15:59+00 BC', 0),
        ('-infinity', '4714-11-24 15:59:00.000001+00 BC', 1),
    ('294276-12-31 23:59:59.999999+00', 'infinity', 2), ('4714-11-24 00:00+00 BC', '294276-12-31 23:59:59.999999+00', 1)) AS v (f,
        t, wanted);

-- Dependencies at the ends.
SELECT throws_ok(format('INSERT INTO reseller_report.dependency VALUES (2, 21, %L)', d), state, NULL, d)
    FROM (VALUES ('[-infinity,-infinity]', '23514'), ('[infinity,infinity]', '23514'), ('[infinity,)', '23514'),
        ('(,-infinity)', '23514'),
    ('(,-infinity]', '23514'), ('empty', '23514'), ('(2024-03-01 00:00+00,2024-03-02 00:00+00)', '23514'),
        ('[2024-03-01 00:00+00,2024-03-02 00:00+00]', '23514'), ('[2024-03-01 00:00:00.000001+00,)', '23514'),
            ('[,294276-12-31 23:59:59.999999+00)', '23514')) AS bad (d, state);
INSERT INTO reseller_report.dependency SELECT 2, 21 + row_number() OVER (), d
    FROM unnest(ARRAY['[-infinity,infinity]', '(-infinity,infinity)', '[4714-11-24 00:00+00 BC,294276-12-31 23:45+00)',
        '[294276-12-31 23:45+00,infinity]', '(,4714-11-24 00:15+00 BC)']::tstzrange[]) d;
INSERT INTO usage.phone_call (company_id, direction, occurred_at, price_twin) SELECT c, 'incoming', at, row_number()
    OVER (ORDER BY at) FROM generate_series(22, 26) c, moment WHERE isfinite(at);
CREATE FUNCTION pg_temp.dependents(label text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty('SELECT * FROM moment f, moment t, oracle.differences(2, f.at, t.at) WHERE f.at < t.at '
        'AND (f.at = ''-infinity'' OR t.at = ''infinity'')', label)
$$;
DROP TABLE clock;
SELECT pg_temp.dependents('dependencies at both ends of time');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.dependents('folded');
SELECT throws_ok(format('SELECT reseller_report.move_company(%s)', arguments), state, NULL, arguments)
    FROM (VALUES ('22, 1, ''infinity''', '22023'), ('22, 1, ''294276-12-31 23:59:59.999999+00''', '23514'),
        ('22, 1, NULL', '22004'), ('NULL, 1, now()', '22004'),
    ('9223372036854775807, 1, ''-infinity''', '23503'), ('22, 9223372036854775807, ''-infinity''', '23503'),
        ('22, 22, ''-infinity''', '23514'), ('22, 23, ''-infinity''', '23514'),
            ('0, 1, ''-infinity''', '23503')) AS bad (arguments, state);
SELECT lives_ok(format('SELECT reseller_report.move_company(%s)', arguments), arguments)
    FROM (VALUES ('22, 1, ''4714-11-24 00:00+00 BC'''), ('23, 1, ''294276-12-31 23:45+00'''),
        ('24, NULL, ''-infinity''')) AS v (arguments);
SELECT pg_temp.dependents('moved at both ends of time');
SELECT * FROM finish();
