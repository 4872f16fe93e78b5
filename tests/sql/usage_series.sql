-- usage_series() equals SQL over raw rows in every zone and step, whatever is folded; and adds up to totals().
SELECT no_plan();
\ir ../lib/usage_oracle.sql
SELECT setseed(0.13) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(300); END $$;
-- Days on which many companies have usage in the same half hours, at midnights of zones.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, price_reseller)
    SELECT c, moment + q * interval '15 minutes', c * 0.01, q FROM unnest(ARRAY[15, 18, 27, 30]) c, generate_series(0, 3) q,
        unnest('{2024-03-03 17:45+00,2024-03-05 23:30+00,2024-03-08 18:00+00,2024-02-29 17:45+00}'::timestamptz[]) moment;
CREATE FUNCTION pg_temp.right(step text, zone text, label text, rounds int DEFAULT 2) RETURNS text LANGUAGE sql AS $$
    SELECT oracle.alike(format('SELECT * FROM reseller_report.usage_series($1, $2, $3, %L, NULL, NULL, %L)', step, zone),
        format('SELECT * FROM oracle.series($1, $2, $3, %L, %L)', step, zone), format('%s, %s, %s', label, step, zone),
            rounds)
$$;
CREATE FUNCTION pg_temp.right(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT pg_temp.right(v.step, v.zone, label) FROM (VALUES
        ('day', 'UTC'), ('day', 'America/Chicago'), ('hour', 'Asia/Kolkata'), ('week', 'Europe/Berlin'), ('month',
            'Asia/Kathmandu'),
        ('hour', 'Australia/Lord_Howe'), ('day', 'Australia/Lord_Howe'), ('quarter', 'America/St_Johns'), ('year',
            'Europe/Moscow')) v (step, zone)
$$;
SELECT pg_temp.right('nothing folded');
SELECT isnt((SELECT deltas FROM reseller_report.materialize(400)), 0::bigint, 'a part is folded');
SELECT pg_temp.right('half folded');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'the rest is folded');
SELECT pg_temp.right('folded');
SELECT is(EXISTS (SELECT FROM reseller_report.usage_packed WHERE sums IS NOT NULL),
    current_setting('reseller_report.largest_packed_day')::int > 0, 'packed days of many changes have sums');
BEGIN;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(30); END $$;
SELECT pg_temp.right('own changes');
COMMIT;
SELECT pg_temp.right('changes and moves wait');
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), f, f + interval '5 days', 'a test'
    FROM reseller_report.source, (VALUES (timestamptz '2024-02-20 00:00+00'), ('2024-03-09 00:00+00'),
        ('2024-03-30 00:00+00')) v (f);
SELECT pg_temp.right('days that are not built');
SELECT reseller_report.rebuild_slice(s.source, '-infinity', 'infinity') FROM reseller_report.sources() s \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.right('built again');

-- One company, one service, the reseller's own zone.
UPDATE reseller_report.company SET time_zone = 'europe/berlin' WHERE company_id = 1;
SELECT is_empty(format($q$SELECT *
    FROM oracle.unlike('SELECT * FROM reseller_report.usage_series($1, $2, $3, only_company_id => %1$s)',
    'SELECT * FROM oracle.series($1, $2, $3, ''day'', (SELECT time_zone FROM reseller_report.company
        WHERE company_id = $1), %1$s)', 2, '2024-03-01', '100 days')$q$, c),
    'company ' || c) FROM unnest(ARRAY[11, 12, 13, 16, 17, 18, 40]) c;
SELECT oracle.alike('SELECT * FROM reseller_report.usage_series($1, $2, $3, ''day'', ''telephony_outgoing'')',
    'SELECT * FROM oracle.series($1, $2, $3, ''day'', (SELECT time_zone FROM reseller_report.company WHERE company_id = $1))
        WHERE service = ''telephony_outgoing''', 'one service');
SELECT results_eq('SELECT * FROM reseller_report.usage_series(1, ''2024-03-01'', ''2024-03-05'', NULL, NULL, NULL, NULL)',
    'SELECT * FROM reseller_report.usage_series(1, ''2024-03-01'', ''2024-03-05'')', 'NULL stands for the default');
SELECT is((SELECT count(*) FROM reseller_report.usage_series(1, '2024-03-01', '2024-03-11', only_company_id => 999)
    WHERE (events, delivered, seconds, price_to_twin, price_to_reseller) = (0, 0, 0, 0, 0)), 55::bigint,
        'a company that is never the reseller''s has zeros');
SELECT oracle.alike(
    'SELECT service, sum(events)::bigint, sum(delivered)::bigint, sum(seconds)::bigint, sum(price_to_twin),
        sum(price_to_reseller) FROM reseller_report.usage_series($1, $2, $3) GROUP BY service ORDER BY service',
    'SELECT service, events, delivered, seconds, total_price_to_twin, total_price_to_reseller
        FROM reseller_report.totals($1, $2, $3) ORDER BY service', 'series add up to totals');

-- The clock: both ends of summer time, shifts of half an hour, skipped days, zones of a minute.
INSERT INTO reseller_report.company VALUES (60, 'Clock', true), (61, 'Sixty-one', false);
INSERT INTO reseller_report.dependency VALUES (60, 61);
CREATE FUNCTION pg_temp.clock(zone text, step text, f timestamptz, t timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM usage.bot_message WHERE company_id = 61;
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
        SELECT 61, at, 1 FROM generate_series(f, t - interval '1 microsecond', interval '7 minutes 30 seconds') at;
    RETURN NEXT results_eq(format('SELECT * FROM reseller_report.usage_series(60, %L, %L, %L, NULL, NULL, %L)', f, t, step,
        zone),
        format('SELECT * FROM oracle.series(60, %L, %L, %L, %L)', f, t, step, zone), format('%s by %s around %s', zone,
            step, f));
END
$$;
SELECT pg_temp.clock(zone, step, f - interval '2 days 1 hour 7 minutes', f + interval '2 days 13 minutes')
    FROM oracle.shifts(), unnest(ARRAY['hour', 'day']) step;
SELECT results_eq($$SELECT extract(day FROM step_from AT TIME ZONE 'Pacific/Apia')::int, extract(epoch
    FROM step_to - step_from)::int / 3600
    FROM reseller_report.usage_series(60, '2011-12-28 10:00+00', '2012-01-01 10:00+00', 'day', 'bot', NULL, 'Pacific/Apia')$$,
    'VALUES (28, 24), (29, 24), (31, 24), (1, 24)', 'a day that the calendar skips has no row');
SELECT results_eq($$SELECT extract(epoch FROM step_to - step_from)::int / 60, count(*)
    FROM reseller_report.usage_series(60, '2024-04-06 13:00+00', '2024-04-06 18:30+00', 'hour', 'bot', NULL,
        'Australia/Lord_Howe') GROUP BY 1 ORDER BY 1$$,
    'VALUES (60, 4::bigint), (90, 1)', 'half an hour that comes twice makes an hour longer');
SELECT results_eq($$SELECT extract(epoch FROM step_to - step_from)::int / 3600 FROM reseller_report.usage_series(60,
    '2024-03-09 06:00+00', '2024-03-12 05:00+00', 'day', 'bot', NULL, 'America/Chicago')$$,
    'VALUES (24), (23), (24)', 'a day of 23 hours');
SELECT results_eq($$SELECT step_from, step_to FROM reseller_report.usage_series(60, '2024-03-01 10:17:00.000001+00',
    '2024-03-01 10:17:00.000002+00', 'year', 'bot')$$,
    $$VALUES (timestamptz '2024-03-01 10:17:00.000001+00', timestamptz '2024-03-01 10:17:00.000002+00')$$,
        'a period inside a step');

-- Boundaries off the quarter hours are read from raw rows, also very many.
DELETE FROM usage.bot_message WHERE company_id = 61;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 61, timestamptz '1930-01-01 00:00+00' + n * interval '7 minutes 3 seconds', n FROM generate_series(1, 20000) n;
CREATE FUNCTION pg_temp.monrovia() RETURNS text LANGUAGE sql AS $$
    SELECT results_eq($q$SELECT step_from, events, price_to_twin FROM reseller_report.usage_series(60, '1929-12-30',
        '1930-05-01', 'hour', 'bot', NULL, 'Africa/Monrovia')$q$,
        $q$SELECT s.step_from, count(m.id), coalesce(sum(m.price_twin), 0) FROM (
            SELECT at AS step_from, lead(at, 1, timestamptz '1930-05-01') OVER (ORDER BY at) AS step_to FROM (
                SELECT timestamptz '1929-12-30' AS at UNION
                SELECT h AT TIME ZONE 'Africa/Monrovia' FROM generate_series(timestamp '1929-12-30 00:00',
                    '1930-05-01 00:00', '1 hour') h
                WHERE h AT TIME ZONE 'Africa/Monrovia' > '1929-12-30'
                    AND h AT TIME ZONE 'Africa/Monrovia' < '1930-05-01') b) s
        LEFT JOIN usage.bot_message m ON m.company_id = 61 AND m.occurred_at >= s.step_from AND m.occurred_at < s.step_to
            GROUP BY 1 ORDER BY 1$q$,
        'a zone of minutes and seconds')
$$;
SELECT is(timestamptz '1930-01-01 00:00+00' AT TIME ZONE 'Africa/Monrovia', timestamp '1929-12-31 23:15:30',
    'the zone has seconds');
SELECT pg_temp.monrovia();
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.monrovia();

-- Errors, in the order of the contract.
CREATE ROLE usage_series_web;
SELECT reseller_report.grant_access('usage_series_web', 1), reseller_report.grant_access('usage_series_web', 11) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA public TO usage_series_web;
SET ROLE usage_series_web;
SELECT throws_ok(format('SELECT * FROM reseller_report.usage_series(%s)', arguments), state, message)
FROM (VALUES
    ('NULL, NULL, NULL, ''minute''', '22004', 'reseller_id must not be NULL'),
    ('2, NULL, ''2024-02-01'', ''minute''', '22004', 'period_from must not be NULL'),
    ('2, ''2024-01-01'', NULL, ''minute''', '22004', 'period_to must not be NULL'),
    ('2, ''2024-01-01'', ''2024-02-01'', ''minute''', '42501', 'permission denied for reseller 2'),
    ('11, ''2024-01-01'', ''2024-02-01'', ''minute''', '22023', 'company 11 is not a reseller'),
    ('1, ''2024-02-01'', ''2024-02-01''', '22023', 'the period must end after it begins'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''minute''', '22023', 'step "minute" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''day'', ''fax''', '22023', 'service "fax" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''day'', NULL, NULL, ''Atlantis/Poseidonis''', '22023',
        'time zone "Atlantis/Poseidonis" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''day'', NULL, NULL, ''XYZ+3''', '22023', 'time zone "XYZ+3" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''day'', NULL, NULL, ''''', '22023', 'time zone "" is not known'),
    ('1, ''-infinity'', ''2024-02-01''', '22023', 'a series needs a period that is finite'),
    ('1, ''2024-01-01'', ''infinity''', '22023', 'a series needs a period that is finite'),
    ('1, ''2000-01-01 00:00+00'', ''2011-05-29 17:00+00'', ''hour''', '22023',
        'the series has more than 100000 steps')) AS bad (arguments, state, message);
RESET ROLE;
SELECT lives_ok('SELECT *
    FROM reseller_report.usage_series(1, ''2024-03-01'', ''2024-03-05'', ''hour'', NULL, NULL,
    ''etc/gmt+3'')', 'a zone whose name has a number');
SELECT is((SELECT count(*) FROM reseller_report.usage_series(1, '2000-01-01 00:00+00', '2011-05-29 16:00+00', 'hour',
    'chat', NULL, 'UTC')), 100000::bigint, 'as many steps as there may be');
SELECT is(oracle.hint('SELECT * FROM reseller_report.usage_series(1, ''2024-01-01'', ''2024-02-01'', ''minute'')'),
    'Known are hour, day, week, month, quarter, year.', 'the hint lists the steps');
REVOKE ALL ON SCHEMA public FROM usage_series_web;
DROP ROLE usage_series_web;
UPDATE reseller_report.source SET horizon = '2024-02-01 00:00+00' WHERE table_name = 'bot_message';
SELECT throws_ok('SELECT *
    FROM reseller_report.usage_series(60, ''1930-01-01 00:00+00'', ''1930-03-01 00:00+00'', ''day'', NULL, NULL,
    ''Africa/Monrovia'')', '55000', NULL,
    'boundaries off the quarter hours in pruned time');
SELECT lives_ok('SELECT *
    FROM reseller_report.usage_series(60, ''1930-01-01 00:00+00'', ''1930-03-01 00:00+00'', ''day'', NULL, NULL,
    ''Asia/Kolkata'')', 'others are answered');
SELECT * FROM finish();
