-- Numbers, moments and mappings at and beyond their ends are exact, or refused with the documented SQLSTATE; none stops what is others'.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company SELECT n, 'R' || n, true FROM generate_series(1, 2) n UNION ALL SELECT n, 'C' || n, false FROM generate_series(11, 30) n;
INSERT INTO reseller_report.dependency SELECT 1, n FROM generate_series(11, 20) n;
CREATE FUNCTION pg_temp.folded() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.materialize();
    RETURN NEXT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, 'verified');
END
$$;

-- Amounts.
CREATE TABLE amount (company_id bigint, occurred_at timestamptz DEFAULT '2024-03-01', billable boolean DEFAULT true, price_twin numeric(1000,6), price_reseller numeric(1000,6));
SELECT reseller_report.attach_source('bot', 'amount') \g /dev/null
SELECT throws_ok(format('INSERT INTO amount (company_id, %I) VALUES (11, %L)', c, v), '22003', message, c || ' ' || left(v, 30))
FROM unnest(ARRAY['price_twin', 'price_reseller']) AS c, (VALUES ('NaN', 'not a number'), ('Infinity', NULL), ('-Infinity', NULL), ('1e131071', NULL), ('1e994', NULL), ('1e993', 'large'), ('-1e993', 'large'), ('1e12', 'large'),
    ('1000000000', 'large'), ('-1000000000', 'large'), ('999999999.9999995', 'large'), ('-999999999.9999995', 'large')) AS bad (v, kind),
    LATERAL (SELECT CASE kind WHEN 'large' THEN format('column "%s" of table "amount" holds an amount of 10^9 or more', c) WHEN 'not a number' THEN format('column "%s" of table "amount" holds an amount that is not a number', c) END) AS m (message);
INSERT INTO amount (company_id, price_twin, price_reseller) SELECT 11, v, -v FROM unnest(ARRAY['999999999.9999994', '-999999999.9999994', '0.0000004', '0.0000005', '-0.0000004', '-0.0000005', '1e-900', '0', '-0', '123456789.0000014999',
    '1e-6', '9999.9999995', NULL]::numeric[]) v;
SELECT results_eq('SELECT total_price_to_twin, total_price_to_reseller FROM reseller_report.bot(1, ''-infinity'', ''infinity'') WHERE id = 11', 'SELECT sum(price_twin), sum(price_reseller) FROM amount', 'amounts are those that the column holds');
SELECT pg_temp.folded();
CREATE TABLE coin (company_id smallint, occurred_at timestamptz DEFAULT '2024-03-02', billable boolean DEFAULT true, cents bigint, price_reseller int);
SELECT throws_ok(format('SELECT reseller_report.attach_source(''bot'', ''coin'', ''{"price_twin": {"column": "cents", "unit": %s}}'')', unit), '22023', 'the unit of column "cents" must be a positive amount with at most 6 decimals', 'unit ' || left(unit, 20))
FROM unnest(ARRAY['0', '"0.000000"', '-1', '"NaN"', '"Infinity"', '1e9', '1e300', '0.0000001', '"0.01 "', '" 0.01"', '"0x1"', '[0.01]', '{"a": 1}', '""', '"٣"', 'true', '"1\n"', '"' || repeat('1', 1000000) || '"']) AS unit;
SELECT reseller_report.attach_source('bot', 'coin', '{"price_twin": {"column": "cents", "unit": "0.01"}, "price_reseller": {"column": "price_reseller", "unit": 999999999.999999}}') \g /dev/null
SELECT throws_ok(format('INSERT INTO coin (company_id, cents, price_reseller) VALUES (%s)', v), '22003', NULL, v) FROM unnest(ARRAY['11, 9223372036854775807, 0', '11, -9223372036854775808, 0', '11, 100000000000, 0', '11, -100000000000, 0', '11, 0, 2', '11, 0, -2147483648']) AS v;
INSERT INTO coin (company_id, cents, price_reseller) VALUES (12, 99999999999, 1), (12, -1, -1), (13, -99999999999, -1), (-32768, 1, 0), (32767, 1, 0);
SELECT results_eq('SELECT id, total_price_to_twin, total_price_to_reseller FROM reseller_report.bot(1, ''2024-03-02'', ''2024-03-03'') WHERE id IN (12, 13)', 'VALUES (12::bigint, 999999999.98, 0.0), (13, -999999999.99, -999999999.999999)', 'whole numbers of a unit');
SELECT pg_temp.folded();

-- Constants.
CREATE TABLE plain (occurred_at timestamptz DEFAULT '2024-03-03', direction text DEFAULT 'incoming', took bigint, n int DEFAULT 0);
CREATE FUNCTION pg_temp.attached(columns text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.attach_source('telephony', 'plain', '{"company_id": {"value": 14}, "duration_seconds": "took", "price_twin": "n", "price_reseller": {"value": 0}}'::jsonb || columns::jsonb);
    PERFORM reseller_report.detach_source('plain');
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT is(pg_temp.attached(columns), wanted, left(columns, 60)) FROM (VALUES
    ('{"company_id": {"value": 9223372036854775807}}', 'attached'), ('{"company_id": {"value": "-9223372036854775808"}}', 'attached'), ('{"company_id": {"value": 1000000000000000}}', 'attached'),
    ('{"company_id": {"value": 9223372036854775808}}', '22023'), ('{"company_id": {"value": -9223372036854775809}}', '22023'), ('{"company_id": {"value": 1e400}}', '22023'), ('{"company_id": {"value": 1.5}}', '22023'),
    ('{"company_id": {"value": "1\n"}}', '22023'), ('{"company_id": {"value": "٣"}}', '22023'), ('{"company_id": {"value": null}}', '22023'), ('{"company_id": {"value": [1]}}', '22023'), ('{"company_id": null}', '22023'), ('{"company_id": []}', '22023'),
    ('{"duration_seconds": {"value": 999999999999999}}', 'attached'), ('{"duration_seconds": {"value": 1000000000000000}}', '22023'), ('{"price_twin": {"value": 999999999.999999}}', 'attached'), ('{"price_twin": {"value": 1000000000}}', '22023'),
    ('{"price_twin": {"value": 0.0000001}}', '22023'), ('{"price_twin": {"value": "NaN"}}', '22023'), ('{"price_twin": {"value": "1e3"}}', '22023'), ('{"price_twin": {"value": true}}', '22023'),
    -- Shapes: of two equal keys the last counts, as everywhere in jsonb.
    ('{"company_id": "no", "company_id": {"value": 14}}', 'attached'), ('{"company_id": {"value": 14}, "company_id": "no"}', '42703'), ('{"": {}}', '22023'), ('{"direction": {"column": ""}}', '42703'), ('{"direction": {"column": "ctid"}}', '42703'),
    ('{"direction": {"column": "tableoid"}}', '42703'), ('{"direction": {"column": "Direction"}}', '42703'), ('{"direction": {"column": "direction "}}', '42703'), ('{"direction": {"column": {"column": "direction"}}}', '22023'),
    ('{"direction": {"column": "direction", "values": []}}', '22023'), ('{"direction": {"column": "direction", "values": {}}}', '22023'), ('{"direction": {"column": "direction", "values": {"a": {"b": "incoming"}}}}', '22023'),
    ('{"direction": {"column": "direction", "values": {"": "incoming", "incoming": null}}}', 'attached'), ('{"direction": {"column": "direction", "values": {"incoming": "INCOMING"}}}', '22023'), ('{"direction": {"column": "n", "values": {"01": "incoming"}}}', '22023'),
    ('{"direction": {"column": "n", "values": {"-0": "incoming"}}}', '22023'), ('{"direction": {"column": "n", "values": {"2147483647": "incoming"}}}', 'attached'), ('{"direction": {"column": "n", "values": {"2147483648": "incoming"}}}', '22023'), ('{"direction": {"column": "n", "values": {"9999999999999999999": "incoming"}}}', '22023'),
    ('{"only": null}', '22023'), ('{"only": {"n": [[1]]}}', '22023'), ('{"only": {"n": {"a": 1}}}', '22023'), ('{"only": {"n": [1.0]}}', '22023'), ('{"only": {"n": [1, 1, "1", null, null]}}', 'attached'), ('{"capture": ["origin"]}', '22023'), ('{"capture": 1}', '22023'),
    ('{"direction": ' || repeat('[', 3000) || repeat(']', 3000) || '}', '22023'), ('{"only": {"n": ' || repeat('{"a":', 3000) || '1' || repeat('}', 3000) || '}}', '22023'),
    ('{"direction": "' || repeat('x', 1000000) || '"}', '42703'), ('{"' || repeat('x', 1000000) || '": 1}', '22023'), ('{"direction": {"value": "' || repeat('x', 1000000) || '"}}', '22023'),
    ('{"direction": {"column": "direction", "values": {"' || repeat('ж', 500000) || '": "incoming"}}}', 'attached'), ('{"only": {"direction": ["' || repeat('ж', 500000) || '"]}}', 'attached')) AS v (columns, wanted);
SELECT throws_ok(format('SELECT reseller_report.attach_source(''telephony'', ''plain'', %L)', columns), '22023', 'columns must be a JSON object', columns) FROM unnest(ARRAY['null', '1', '"x"', '[]', '[{}]', 'true']) AS columns;
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE source = 'plain'::regclass), 0::bigint, 'what is refused leaves nothing behind');

-- Durations, and sums beyond 64 bits: in a change, a bucket, a fold and a report. The key is named, and others are folded.
SELECT reseller_report.attach_source('telephony', 'plain', '{"company_id": "n", "duration_seconds": "took", "price_twin": {"value": 0}, "price_reseller": {"value": 0}}') \g /dev/null
SELECT throws_ok(format('INSERT INTO plain (took, n) VALUES (%s, 14)', v), '22003', 'column "took" of table "plain" holds a duration of 10^15 seconds or more', v) FROM unnest(ARRAY['1000000000000000', '-1000000000000000', '9223372036854775807', '-9223372036854775808']) AS v;
INSERT INTO plain (took, n) SELECT 999999999999999, 14 FROM generate_series(1, 9224);
INSERT INTO plain (took, n) VALUES (7, 15), (-999999999999999, 16);
SELECT throws_ok('SELECT * FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'')', '22003', '"total_duration_seconds" of company 14 exceeds the range of bigint', 'a figure beyond its type is named');
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT DISTINCT company_id, set_aside FROM reseller_report.usage_delta', 'VALUES (14::bigint, true)', 'a sum beyond 64 bits is set aside, and all else folded');
SELECT throws_ok('SELECT * FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'')', '22003', '"total_duration_seconds" of company 14 exceeds the range of bigint', 'folded, too');
SELECT results_eq('SELECT id, total_duration_seconds FROM reseller_report.telephony_outgoing(1, ''-infinity'', ''infinity'') WHERE id = 14', 'VALUES (14::bigint, 0::bigint)', 'other reports go on');
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''plain'', ''-infinity'', ''infinity'')', '22003', 'the figures of company 14 exceed 64 bits', 'a rebuild names it');
DELETE FROM plain WHERE ctid IN (SELECT ctid FROM plain WHERE n = 14 LIMIT 2);
SELECT results_eq('SELECT id, calls, total_duration_seconds FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'') WHERE calls > 0', 'SELECT n::bigint, count(*), sum(took)::bigint FROM plain GROUP BY n ORDER BY n', 'what fits again is exact');
SELECT pg_temp.folded();
SELECT reseller_report.rebuild_slice('plain', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT count(*) FROM reseller_report.usage_delta WHERE set_aside), 0::bigint, 'and rebuilt');
SELECT results_eq('SELECT id, calls, total_duration_seconds FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'') WHERE calls > 0', 'SELECT n::bigint, count(*), sum(took)::bigint FROM plain GROUP BY n ORDER BY n', 'so that all is summed up');
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    SELECT 17, c, '2024-03-04', 999999999.999999, -999999999.999999 FROM unnest(ARRAY['sms', 'viber', 'email']) c, generate_series(1, 9200);
SELECT results_eq('SELECT price_sms, price_viber, price_email, total_price_to_twin, total_price_to_reseller FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'') WHERE id = 17',
    $$SELECT s, s, s, 3 * s, -3 * s FROM (SELECT sum(price_twin) FROM usage.text_message WHERE channel = 'sms') AS x (s)$$, 'items that fit in 64 bits each, whose total does not');
SELECT pg_temp.folded();
SELECT is((SELECT total_price_to_twin FROM reseller_report.text_messaging(1, '-infinity', 'infinity') WHERE id = 17), (SELECT sum(price_twin) FROM usage.text_message), 'folded, too');
SELECT results_eq('SELECT id FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'', true)', 'VALUES (17::bigint)', 'and it is an expense');
DELETE FROM usage.text_message;
SELECT reseller_report.materialize() \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.materialize(' || n || ')', state, NULL, 'materialize ' || n) FROM (VALUES ('NULL', '22004'), ('0', '22023'), ('-2147483648', '22023')) AS v (n, state);
SELECT lives_ok('SELECT * FROM reseller_report.materialize(2147483647)', 'as many as there can be');

-- Both ends of time, and the microseconds around a bound: every period between them, before and after folding, and rebuilt.
CREATE TABLE moment AS SELECT unnest(ARRAY['-infinity', '4714-11-24 00:00:00+00 BC', '4714-11-24 00:00:00.000001+00 BC', '0001-12-31 23:59:59.999999+00 BC', '2024-02-29 23:59:59.999999+00', '2024-03-01 00:00:00+00', '2024-03-01 00:00:00.000001+00',
    '294276-12-31 23:59:59.999998+00', '294276-12-31 23:59:59.999999+00', 'infinity']::timestamptz[]) AS at;
INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin) SELECT 18, 'bot', at, row_number() OVER (ORDER BY at) FROM moment WHERE isfinite(at);
CREATE FUNCTION pg_temp.periods(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is_empty('SELECT f.at, t.at, (SELECT total_price_to_twin FROM reseller_report.chat(1, f.at, t.at) WHERE id = 18), w.total FROM moment f, moment t,
        LATERAL (SELECT coalesce(sum(price_twin), 0) FROM usage.chat_message WHERE occurred_at >= f.at AND occurred_at < t.at) AS w (total)
        WHERE f.at < t.at AND (SELECT total_price_to_twin FROM reseller_report.chat(1, f.at, t.at) WHERE id = 18) <> w.total', label || ', every period');
END
$$;
SELECT pg_temp.periods('written');
SELECT pg_temp.folded();
SELECT pg_temp.periods('folded');
SELECT cmp_ok((SELECT count(*) FROM reseller_report.rebuild_slices('usage.chat_message')), '<', 1000::bigint, 'rows of all time are rebuilt in few slices');
CALL reseller_report.rebuild('usage.chat_message');
SELECT pg_temp.periods('rebuilt');
SELECT lives_ok('SELECT bucket::text FROM reseller_report.usage_' || level, 'buckets by ' || level || ' can be dumped') FROM unnest(ARRAY['quarter', 'hour', 'day', 'month', 'year']) AS level;
SELECT throws_ok(format('SELECT * FROM reseller_report.%s(1, %L, %L)', s, f.at, t.at), '22023', 'the period must end after it begins', format('%s from %s to %s', s, f.at, t.at))
FROM unnest(ARRAY['chat', 'bot']) AS s, moment f, moment t WHERE f.at >= t.at AND (f.at = t.at OR s = 'bot');
SELECT lives_ok(format('SELECT * FROM reseller_report.%s', call), call) FROM (VALUES ('verify(''294276-12-31 12:00+00'', ''294276-12-31 13:00+00'')'), ('verify(''4714-11-24 00:00+00 BC'', ''4714-11-24 00:00:00.000001+00 BC'')'),
    ('rebuild_slices(''usage.chat_message'', ''294276-12-31 12:00+00'', ''294276-12-31 13:00+00'')'), ('rebuild_slices(''usage.bot_message'', ''4714-11-24 12:00+00 BC'', ''4714-11-24 13:00+00 BC'')'),
    ('rebuild_slice(''usage.chat_message'', ''294276-12-31 00:00+00'', ''infinity'')'), ('rebuild_slice(''usage.chat_message'', ''-infinity'', ''4714-11-24 00:00+00 BC'')'),
    ('prunable(''usage.chat_message'', ''-infinity'')'), ('prune(''usage.chat_message'', ''-infinity'')'), ('prunable(''usage.chat_message'', ''4714-11-24 00:00+00 BC'')')) AS v (call);
SELECT throws_ok(format('SELECT * FROM reseller_report.%s', call), state, NULL, call) FROM (VALUES ('verify(''infinity'', ''-infinity'')', '22023'), ('verify(NULL, ''infinity'')', '22004'), ('verify(''-infinity'', ''infinity'', ''fax'')', '22023'),
    ('rebuild_slices(''usage.chat_message'', ''infinity'', ''infinity'')', '22023'), ('rebuild_slice(''usage.chat_message'', ''2024-03-01 00:00:00.000001+00'', ''infinity'')', '22023'), ('rebuild_slice(''usage.chat_message'', ''infinity'', ''-infinity'')', '22023'),
    ('prune(''usage.chat_message'', NULL)', '22004'), ('create_partitions(''178000000 years'')', '22023'), ('create_partitions(''2147483647 days'')', '22023'), ('create_partitions(''2562047788 hours'')', '22023')) AS v (call, state);
SELECT throws_ok(format('INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (18, ''bot'', %s)', v), state, NULL, v) FROM (VALUES ('''infinity''', '23514'), ('''-infinity''', '23514'), ('NULL', '23502'), ('''294277-01-01''', '22008'), ('''4714-11-23 BC''', '22008')) AS bad (v, state);

-- Partitions: one that ends on the last day of time; rows before the first month that has a beginning stay where they are.
SELECT lives_ok('CREATE TABLE usage.last_day PARTITION OF usage.bot_message FOR VALUES FROM (''294276-12-31 12:00+00'') TO (''294276-12-31 13:00+00'')', 'a partition on the last day');
SELECT lives_ok('CREATE TABLE usage.first_day PARTITION OF usage.bot_message FOR VALUES FROM (''-infinity'') TO (''4714-11-24 00:00:00.000001+00 BC'')', 'a partition on the first day');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (19, '294276-12-31 12:30+00', 1), (19, '4714-11-24 00:00+00 BC', 2);
SELECT pg_temp.folded();
TRUNCATE usage.last_day, usage.first_day;
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '-infinity', 'infinity') WHERE id = 19), 0.0, 'both are watched');
SELECT results_eq('SELECT to_char(period_from, ''YYYY-MM BC'') FROM reseller_report.create_partitions(''0'', ''usage.chat_message'') WHERE period_from < ''2025-01-01'' ORDER BY period_from', $$VALUES ('0001-12 BC'), ('2024-02 AD'), ('2024-03 AD')$$,
    'months are made, but not the first of all time');
SELECT pg_temp.periods('with partitions');

-- Clocks: as far from UTC as they go, and those that are none.
CREATE TABLE clock (company_id int, occurred_at timestamp, billable boolean DEFAULT true, price_twin numeric(12,6), price_reseller int DEFAULT 0);
CREATE FUNCTION pg_temp.counted(zone text, at timestamptz) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    result numeric;
BEGIN
    PERFORM reseller_report.attach_source('bot', 'clock', jsonb_build_object('occurred_at', jsonb_build_object('column', 'occurred_at', 'time_zone', zone)));
    INSERT INTO clock VALUES (20, '2024-03-01 00:00', true, 1);
    result := (SELECT total_price_to_twin FROM reseller_report.bot(1, at, at + interval '1 microsecond') WHERE id = 20);
    DELETE FROM clock;
    PERFORM reseller_report.detach_source('clock');
    RETURN result;
END
$$;
SELECT is(pg_temp.counted(zone, (timestamp '2024-03-01 00:00' - ahead) AT TIME ZONE 'UTC'), 1.0, zone) FROM (VALUES ('+15:59', interval '15:59'), ('-15:59', '-15:59'), ('-0930', '-9:30'), ('+05', '5:00'), ('etc/gmt-14', '14:00'), ('Etc/GMT+12', '-12:00'), ('Zulu', '0')) AS v (zone, ahead);
SELECT throws_ok(format('SELECT reseller_report.attach_source(''bot'', ''clock'', %L)', jsonb_build_object('occurred_at', jsonb_build_object('column', 'occurred_at', 'time_zone', zone))), '22023',
    'column "occurred_at" of table "public.clock" has type timestamp without time zone and needs a time zone that never changes its offset', coalesce(zone, 'NULL'))
FROM unnest(ARRAY['+16:00', '+3', '03:00', '+03:60', '+03:00:00', 'Europe/Moscow', 'MSK', 'Etc/Nowhere', 'etc/%', E'+03:00\n', '', ' UTC', 'UTC+3', 'infinity', NULL]) AS zone;
SELECT reseller_report.attach_source('bot', 'clock', '{"occurred_at": {"column": "occurred_at", "time_zone": "-15:59"}}') \g /dev/null
SELECT throws_ok('INSERT INTO clock VALUES (20, ''294276-12-31 23:59:59.999999'', true, 1)', '22008', 'column "occurred_at" of table "clock" holds a moment out of range in UTC', 'a clock that shows more than time has');
INSERT INTO clock VALUES (20, '4714-11-24 00:00 BC', true, 1), (20, '294276-12-31 08:00:59.999999', true, 2);
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, f, t) WHERE id = 20), wanted, format('%s to %s', f, t)) FROM (VALUES ('-infinity'::timestamptz, 'infinity'::timestamptz, 3.0), ('-infinity', '4714-11-24 15:59+00 BC', 0), ('-infinity', '4714-11-24 15:59:00.000001+00 BC', 1),
    ('294276-12-31 23:59:59.999999+00', 'infinity', 2), ('4714-11-24 00:00+00 BC', '294276-12-31 23:59:59.999999+00', 1)) AS v (f, t, wanted);

-- Dependencies at the ends.
SELECT throws_ok(format('INSERT INTO reseller_report.dependency VALUES (2, 21, %L)', d), state, NULL, d) FROM (VALUES ('[-infinity,-infinity]', '23514'), ('[infinity,infinity]', '23514'), ('[infinity,)', '23514'), ('(,-infinity)', '23514'),
    ('(,-infinity]', '23514'), ('empty', '23514'), ('(2024-03-01 00:00+00,2024-03-02 00:00+00)', '23514'), ('[2024-03-01 00:00+00,2024-03-02 00:00+00]', '23514'), ('[2024-03-01 00:00:00.000001+00,)', '23514'), ('[,294276-12-31 23:59:59.999999+00)', '23514')) AS bad (d, state);
INSERT INTO reseller_report.dependency SELECT 2, 21 + row_number() OVER (), d FROM unnest(ARRAY['[-infinity,infinity]', '(-infinity,infinity)', '[4714-11-24 00:00+00 BC,294276-12-31 23:45+00)', '[294276-12-31 23:45+00,infinity]', '(,4714-11-24 00:15+00 BC)']::tstzrange[]) d;
INSERT INTO usage.phone_call (company_id, direction, occurred_at, price_twin) SELECT c, 'incoming', at, row_number() OVER (ORDER BY at) FROM generate_series(22, 26) c, moment WHERE isfinite(at);
CREATE FUNCTION pg_temp.dependents(label text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty('SELECT * FROM moment f, moment t, oracle.differences(2, f.at, t.at) WHERE f.at < t.at AND (f.at = ''-infinity'' OR t.at = ''infinity'')', label)
$$;
DROP TABLE amount, coin, plain, clock;
SELECT pg_temp.dependents('dependencies at both ends of time');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.dependents('folded');
SELECT throws_ok(format('SELECT reseller_report.move_company(%s)', arguments), state, NULL, arguments) FROM (VALUES ('22, 1, ''infinity''', '22023'), ('22, 1, ''294276-12-31 23:59:59.999999+00''', '23514'), ('22, 1, NULL', '22004'), ('NULL, 1, now()', '22004'),
    ('9223372036854775807, 1, ''-infinity''', '23503'), ('22, 9223372036854775807, ''-infinity''', '23503'), ('22, 22, ''-infinity''', '23514'), ('22, 23, ''-infinity''', '23514'), ('0, 1, ''-infinity''', '23503')) AS bad (arguments, state);
SELECT lives_ok(format('SELECT reseller_report.move_company(%s)', arguments), arguments) FROM (VALUES ('22, 1, ''4714-11-24 00:00+00 BC'''), ('23, 1, ''294276-12-31 23:45+00'''), ('24, NULL, ''-infinity''')) AS v (arguments);
SELECT pg_temp.dependents('moved at both ends of time');
SELECT * FROM finish();
