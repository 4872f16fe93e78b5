-- Days and months of the tables for tools begin on the reseller's own clock of now, as the steps of usage_series do: over both ends
-- of summer time, shifts of half an hour, days that are skipped. And usage that was pruned is there as it was.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
INSERT INTO reseller_report.company VALUES (60, 'Clock', true), (61, 'Sixty-one', false);
INSERT INTO reseller_report.dependency VALUES (60, 61);
CREATE FUNCTION pg_temp.fill(zone text, f timestamptz, t timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reseller_report.company SET time_zone = zone WHERE company_id = 60;
    DELETE FROM usage.bot_message WHERE company_id = 61;
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
        SELECT 61, at, 1 FROM generate_series(f, t - interval '1 microsecond', interval '7 minutes 30 seconds') at;
END
$$;
CREATE FUNCTION pg_temp.clock(zone text, step text, f timestamptz, t timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.fill(zone, f, t);
    RETURN results_eq(format('SELECT %s, bucket, events, price_to_twin FROM reseller_report.%s WHERE reseller_id = 60 ORDER BY 2',
            step, CASE step WHEN 'day' THEN 'daily_usage' ELSE 'monthly_usage' END),
        format('SELECT date_trunc(%1$L, s.step_from AT TIME ZONE %2$L)::date, s.step_from, count(*), sum(m.price_twin)
            FROM oracle.steps(%3$L::timestamptz - interval ''40 days'', %4$L::timestamptz + interval ''40 days'', %1$L, %2$L) s
            JOIN usage.bot_message m ON m.company_id = 61 AND m.occurred_at >= s.step_from AND m.occurred_at < s.step_to
            GROUP BY 1, 2 ORDER BY 2', step, zone, f, t), format('%s by %s around %s', zone, step, f));
END
$$;
SELECT pg_temp.clock(zone, step, f - interval '2 days 1 hour 7 minutes', f + interval '2 days 13 minutes')
    FROM oracle.shifts(), unnest(ARRAY['day', 'month']) step;
SELECT results_eq('SELECT day FROM reseller_report.daily_usage WHERE bucket >= ''2024-01-01'' ORDER BY 1',
    'VALUES (date ''2024-03-28''), (''2024-03-29''), (''2024-03-30''), (''2024-03-31''), (''2024-04-01''),
        (''2024-04-02'')', 'each day once');
-- A boundary of the clock off the quarter hours is read from raw rows.
SELECT pg_temp.fill('Africa/Monrovia', '1930-01-01 00:00+00', '1930-01-04 00:00+00') \g /dev/null
SELECT results_eq('SELECT day, bucket, events FROM reseller_report.daily_usage WHERE bucket < ''1940-01-01'' ORDER BY 1',
    $$SELECT (occurred_at AT TIME ZONE 'Africa/Monrovia')::date, (occurred_at AT TIME ZONE 'Africa/Monrovia')::date::timestamp
        AT TIME ZONE 'Africa/Monrovia', count(*) FROM usage.bot_message WHERE company_id = 61 GROUP BY 1 ORDER BY 1$$,
    'a zone of minutes and seconds');
-- Far away, and at the ends of time.
DELETE FROM usage.bot_message WHERE company_id = 61;
INSERT INTO usage.bot_message (company_id, occurred_at) SELECT 61, at FROM unnest(ARRAY['4713-02-01 00:00+00 BC',
    '0001-01-01 00:00+00', '2024-02-29 23:59:59.999999+00', '9999-12-31 23:59+00', '294276-12-01 12:00+00']::timestamptz[]) at;
UPDATE reseller_report.company SET time_zone = 'UTC' WHERE company_id = 60;
CREATE FUNCTION pg_temp.far(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT results_eq('SELECT day, bucket, events FROM reseller_report.daily_usage ORDER BY 1',
        $q$SELECT (occurred_at AT TIME ZONE 'UTC')::date, date_trunc('day', occurred_at, 'UTC'), 1::bigint FROM usage.bot_message
            ORDER BY 1$q$, label || ': days far away')
    UNION ALL
    SELECT results_eq('SELECT bucket, events FROM reseller_report.hourly_usage WHERE bucket > ''9000-01-01'' ORDER BY 1',
        $q$SELECT date_trunc('hour', occurred_at, 'UTC'), 1::bigint FROM usage.bot_message WHERE occurred_at > '9000-01-01'
            ORDER BY 1$q$, label || ': hours far away')
$$;
SELECT pg_temp.far('pending');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.far('merged');
-- The first bucket of all time begins at its first moment, and its day is the first date there is, wherever the clock is.
INSERT INTO usage.bot_message (company_id, occurred_at) SELECT 61, at FROM unnest(ARRAY['4714-11-24 00:00+00 BC',
    '4714-11-24 04:00+00 BC', '4714-11-25 12:00+00 BC', '294276-12-31 23:59:59.999999+00']::timestamptz[]) at;
CREATE FUNCTION pg_temp.ends(label text, zone text, second_day timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    label := concat_ws(', ', label, zone);
    UPDATE reseller_report.company SET time_zone = zone WHERE company_id = 60;
    RETURN NEXT results_eq('SELECT day::text, bucket::text, events FROM reseller_report.daily_usage
        WHERE bucket < ''4713-01-01 00:00+00 BC'' ORDER BY daily_usage.bucket',
        format('VALUES (''4714-11-24 BC'', ''4714-11-24 00:00:00+00 BC'', 2::bigint), (''4714-11-25 BC'', %L, 1)', second_day),
        label || ': the first days');
    RETURN NEXT results_eq('SELECT month::text, bucket::text, events FROM reseller_report.monthly_usage
        WHERE month < ''4713-01-01 BC''', 'VALUES (''4714-11-24 BC'', ''4714-11-24 00:00:00+00 BC'', 3::bigint)',
        label || ': the first month');
    RETURN QUERY SELECT results_eq(format('SELECT sum(events)::bigint FROM reseller_report.%s', condition),
            format('VALUES (%L::bigint)', events), concat_ws(': ', label, condition))
        FROM (VALUES ('daily_usage WHERE day = ''4714-11-24 BC''', 2), ('monthly_usage WHERE month = ''4714-11-24 BC''', 3),
            ('monthly_usage WHERE bucket = ''4714-11-24 00:00+00 BC''', 3), ('monthly_usage WHERE month < ''4714-11-24 BC''', NULL),
            ('daily_usage WHERE day <= ''294276-12-30''', 8),
            ('daily_usage WHERE date_trunc(''hour'', bucket, ''UTC'') < ''4713-01-01 00:00+00 BC''', 3)) v (condition, events);
    RETURN QUERY SELECT results_eq(format('SELECT max(bucket)::text, count(DISTINCT t::text), sum(events)::bigint
            FROM reseller_report.%s t', name),
        format('SELECT max(bucket)::text, count(*), 9::bigint FROM reseller_report.%s
            WHERE bucket <= ''294276-12-31 23:59:59.999999+00''', name), concat_ws(': ', label, name))
        FROM unnest('{quarter_hourly_usage,hourly_usage,daily_usage,monthly_usage}'::text[]) name;
END
$$;
CREATE TABLE clocks (zone text, second_day timestamptz);
INSERT INTO clocks VALUES ('UTC', '4714-11-25 00:00+00 BC'), ('Europe/Moscow', '4714-11-24 21:29:43+00 BC'),
    ('Pacific/Kiritimati', '4714-11-25 10:29:20+00 BC'), ('America/New_York', '4714-11-25 04:56:02+00 BC'),
    ('Etc/GMT+12', '4714-11-25 12:00+00 BC');
SET timezone = 'UTC';
SELECT pg_temp.ends('pending', zone, second_day) FROM clocks;
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.ends('merged', zone, second_day) FROM clocks;
RESET timezone;

-- Retention: what was pruned is there as it was, and days that are not built cannot be told any more.
DELETE FROM usage.bot_message WHERE company_id = 61;
SELECT setseed(0.44) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(100); END $$;
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;
SELECT reseller_report.create_partitions('1 month') \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
CREATE TABLE before AS SELECT * FROM reseller_report.daily_usage;
CREATE TABLE before_by_hour AS SELECT * FROM reseller_report.hourly_usage;
SELECT isnt(count(*), 0::bigint, 'something is pruned') FROM reseller_report.sources() s,
    reseller_report.prune(s.source, '2024-02-20');
SELECT bag_eq('SELECT * FROM reseller_report.daily_usage', 'SELECT * FROM before', 'days that were pruned');
SELECT bag_eq('SELECT * FROM reseller_report.hourly_usage', 'SELECT * FROM before_by_hour', 'hours that were pruned');
CREATE ROLE clock_web;
SELECT reseller_report.grant_access('clock_web', 60) \g /dev/null
UPDATE reseller_report.source SET horizon = '2024-02-10 12:00+00' WHERE table_name = 'bot_message';
UPDATE reseller_report.source_built SET built_from = '2024-02-10 12:00+00', id = gen_random_uuid();
SELECT throws_ok('SELECT * FROM reseller_report.daily_usage WHERE bucket >= ''2024-01-25'' AND bucket < ''2024-02-05''', '55000',
    NULL, 'days that are neither built nor there');
SET ROLE clock_web;
SELECT is_empty('SELECT * FROM reseller_report.daily_usage WHERE reseller_id = 1 AND bucket >= ''2024-01-25''
    AND bucket < ''2024-02-05''', 'nobody hears of it but who may read');
RESET ROLE;
DROP OWNED BY clock_web;
DROP ROLE clock_web;
SELECT * FROM finish();
