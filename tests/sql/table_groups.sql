-- GROUP BY, aggregates, HAVING and DISTINCT over the tables for tools have the answers of SQL over raw rows, whether the scan
-- computes them or the executor does; and the scan does where it can.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
\ir ../lib/tables_oracle.sql
\ir ../lib/table_plans.sql
SELECT setseed(0.45) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(150); END $$;
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;
UPDATE reseller_report.company SET time_zone = 'Asia/Kolkata' WHERE company_id = 2;
UPDATE reseller_report.company SET name = 'Company 12' WHERE company_id IN (13, 14, 20);
-- A refund of all that was paid: a group of zeros but for its events.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT 15, '2024-03-20 10:00+00', p
    FROM unnest(ARRAY[5, -5]) p;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(10); END $$;
CREATE FUNCTION pg_temp.own(bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1 > 15; END';
CREATE DOMAIN pg_temp.positive AS bigint CHECK (pg_temp.own(VALUE + 15));

CREATE TABLE query AS SELECT row_number() OVER () AS number, *
FROM (VALUES
    ('SELECT service, sum(events), sum(delivered), sum(seconds), sum(price_to_twin), sum(price_to_reseller) FROM @.daily_usage
        GROUP BY service', true),
    ('SELECT sum(events), count(*), min(bucket), max(bucket), avg(price_to_twin) FROM @.daily_usage', true),
    ('SELECT sum(events), count(*), min(bucket), avg(events), count(DISTINCT company_id) FROM @.daily_usage WHERE reseller_id = 77',
        true),
    ('SELECT count(*) FROM @.hourly_usage', true),
    ('SELECT day, sum(price_to_twin) FROM @.daily_usage WHERE reseller_id = 1 GROUP BY day', true),
    ('SELECT month, item, sum(price_to_twin) FROM @.monthly_usage GROUP BY month, item', true),
    ('SELECT bucket, service, count(*) FROM @.hourly_usage WHERE bucket > ''2024-03-01'' GROUP BY 1, 2', true),
    ('SELECT company_id, company_name, sum(events) FROM @.daily_usage GROUP BY 1, 2', true),
    ('SELECT company_name, sum(events), count(DISTINCT company_id) FROM @.daily_usage GROUP BY company_name', true),
    ('SELECT company_name, day, avg(price_to_reseller) FROM @.daily_usage WHERE reseller_id < 3 GROUP BY 1, 2', true),
    ('SELECT reseller_id, company_id, item, count(*), sum(seconds) FROM @.monthly_usage GROUP BY 1, 2, 3', true),
    ('SELECT date_trunc(''month'', bucket), reseller_id % 2, left(item, 1), sum(events) FROM @.daily_usage GROUP BY 1, 2, 3', true),
    ('SELECT floor(extract(epoch FROM bucket) / 21600) * 21600 AS time, service, sum(events) FROM @.hourly_usage
        WHERE bucket BETWEEN ''2024-02-20 08:13:22.123Z'' AND ''2024-03-03'' GROUP BY 1, 2', true),
    ('SELECT company_id % 3, sum(price_to_twin) FROM @.daily_usage WHERE company_id > 12 GROUP BY 1', true),
    ('SELECT company_id, sum(price_to_twin) FROM @.daily_usage WHERE company_name LIKE ''%2'' GROUP BY 1', true),
    ('SELECT service, sum(events) FROM @.daily_usage WHERE company_id = 15 AND item <> ''sms'' GROUP BY 1', true),
    ('SELECT service, sum(events) FILTER (WHERE item IN (''sms'', ''bot'')), count(*) FILTER (WHERE day > ''2024-03-01''),
        avg(price_to_twin) FILTER (WHERE extract(dow FROM day) = 3), count(DISTINCT company_id) FILTER (WHERE reseller_id = 1)
        FROM @.daily_usage GROUP BY service', true),
    ('SELECT reseller_id, sum(CASE WHEN service = ''chat'' THEN price_to_twin ELSE 0 END) AS chat,
        sum(CASE WHEN service = ''bot'' THEN price_to_twin END) AS bot,
        sum(CASE WHEN item = ''none'' THEN price_to_twin ELSE 0 END),
        sum(CASE WHEN item = ''none'' THEN events ELSE 0 END), count(CASE WHEN item = ''sms'' THEN 1 END),
        avg(CASE WHEN day > ''2024-03-01'' THEN price_to_twin END) FROM @.daily_usage GROUP BY 1', true),
    ('SELECT service, sum(CASE WHEN item = ''sms'' THEN events ELSE 0 END) FILTER (WHERE day > ''2024-03-20'') FROM @.daily_usage
        GROUP BY 1', true),
    ('SELECT day, sum(price_to_reseller - price_to_twin), sum(events - delivered), sum(-price_to_twin), avg(events - delivered),
        sum(events::numeric), sum(price_to_twin + events), sum(coalesce(seconds, 0)) FROM @.daily_usage GROUP BY day', true),
    ('SELECT item, min(bucket), max(day), min(service), max(reseller_id), min(reseller_id + extract(day FROM day))
        FROM @.daily_usage GROUP BY item', true),
    ('SELECT MIN("bucket") AS "lower", MAX("bucket") AS "upper" FROM @."daily_usage" HAVING (COUNT(1) > 0)', true),
    ('SELECT MIN("bucket") FROM @."daily_usage" WHERE reseller_id = 77 HAVING (COUNT(1) > 0)', true),
    ('SELECT company_id, sum(events) FROM @.daily_usage GROUP BY 1 HAVING sum(price_to_twin) > 300 AND company_id > 12
        AND count(*) > 3', true),
    ('SELECT service || sum(events)::text || day, 2 * sum(events) + count(*) FROM @.daily_usage GROUP BY service, day', true),
    ('SELECT unnest(ARRAY[reseller_id, 0]), sum(events) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, generate_series(1, 2), sum(events) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT DISTINCT service FROM @.daily_usage', true),
    ('SELECT DISTINCT company_name, reseller_id FROM @.daily_usage WHERE day > ''2024-03-10''', true),
    ('SELECT DISTINCT day, item FROM @.daily_usage', true),
    ('SELECT company_name FROM @.daily_usage GROUP BY company_name ORDER BY company_name LIMIT 1001', true),
    ('SELECT item FROM @.monthly_usage GROUP BY item', true),
    ('SELECT 1, ''x'' || count(*) FROM @.monthly_usage GROUP BY ''constant''::text', NULL),
    ('SELECT sum(events) FROM @.daily_usage WHERE false', NULL),
    ('SELECT sum(events), count(*) FROM @.daily_usage WHERE now() < ''2000-01-01''', true),
    ('SELECT day, sum(events) FROM @.daily_usage WHERE now() > ''2000-01-01'' GROUP BY day', true),
    ('SELECT "rows"."service", sum("rows"."price_to_twin") AS "a0" FROM (SELECT * FROM @."monthly_usage" "$Table"
        WHERE "bucket" >= timestamp ''2024-01-01 00:00:00'' AND "bucket" < timestamp ''2025-01-01 00:00:00''
        AND "reseller_id" = 1) "rows" GROUP BY 1 LIMIT 1000001', true),
    ('SELECT s.service, s.total, c.n FROM (SELECT service, sum(events) AS total FROM @.daily_usage GROUP BY 1) s
        JOIN (SELECT service, count(*) AS n FROM @.hourly_usage GROUP BY 1) c USING (service)', true),
    ('SELECT r.reseller_id, (SELECT sum(events) FROM @.daily_usage u WHERE u.reseller_id = r.reseller_id
        AND u.day >= ''2024-03-01'') FROM @.resellers r', true),
    ('SELECT d, (SELECT count(DISTINCT company_id) FROM @.hourly_usage WHERE bucket >= d AND bucket < d + interval ''1 week'')
        FROM generate_series(timestamptz ''2024-02-01'', ''2024-03-20'', ''1 week'') d', true),
    ('SELECT service, sum(events) FROM @.daily_usage WHERE day = (SELECT max(day) - 30 FROM @.daily_usage) GROUP BY 1', true),
    ('SELECT item, sum(events) AS e, rank() OVER (ORDER BY sum(events) DESC, item) FROM @.daily_usage GROUP BY item', true),
    -- What the executor answers.
    ('SELECT service, sum(events) FROM @.daily_usage WHERE price_to_twin > 10 GROUP BY 1', false),
    ('SELECT service, sum(events) FROM @.daily_usage WHERE pg_temp.own(company_id) GROUP BY 1', false),
    ('SELECT pg_temp.own(company_id), sum(events) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, max(events) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, min(company_name) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT events, count(*) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, sum(events * 2) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, sum(events) FILTER (WHERE company_id > 15) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, count(DISTINCT company_name) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, count(DISTINCT company_id + 1) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, string_agg(DISTINCT item, '','' ORDER BY item) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, sum(CASE WHEN events > 1 THEN price_to_twin END) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, avg(CASE WHEN item = ''sms'' THEN price_to_twin ELSE 0 END) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT service, item, sum(events) FROM @.daily_usage GROUP BY GROUPING SETS ((service), (item), ())', false),
    ('SELECT service, sum(events) FROM @.daily_usage GROUP BY ROLLUP (service)', false),
    ('SELECT company_id = reseller_id + 10 AND item = ''sms'', count(*) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT (company_id / 4)::int, count(*) FROM @.daily_usage GROUP BY 1', true),
    ('SELECT CAST(reseller_id AS pg_temp.positive), count(*) FROM @.daily_usage GROUP BY 1', false),
    ('SELECT DISTINCT ON (service) service FROM @.daily_usage', NULL),
    ('SELECT DISTINCT events FROM @.daily_usage', false),
    ('SELECT NOT service = ''bot'', NOT (NOT service = ''bot''), count(*) FROM @.daily_usage GROUP BY service = ''bot''', NULL),
    ('SELECT c.company_name, sum(u.events) FROM @.daily_usage u JOIN @.reseller_companies c USING (reseller_id, company_id)
        GROUP BY 1', false)) q (query, in_scan);
SELECT oracle.same_groups(query, in_scan, 'groups') FROM query ORDER BY number;

-- Parameters, with a plan for them all, too.
SET plan_cache_mode = force_generic_plan;
PREPARE of_reseller(bigint, timestamptz, text, int) AS
    SELECT date_trunc('month', bucket AT TIME ZONE $3), sum(events) FILTER (WHERE reseller_id > $4), count(*)
    FROM reseller_report.hourly_usage WHERE reseller_id >= $1 AND bucket >= $2 GROUP BY 1 ORDER BY 1;
CREATE FUNCTION pg_temp.prepared(r bigint, f timestamptz, z text, n int) RETURNS text LANGUAGE sql AS $$
    SELECT results_eq(format('EXECUTE of_reseller(%L, %L, %L, %L)', r, f, z, n), format('SELECT
        date_trunc(''month'', bucket AT TIME ZONE %3$L), sum(events) FILTER (WHERE reseller_id > %4$L), count(*)
        FROM oracle.hourly_usage WHERE reseller_id >= %1$L AND bucket >= %2$L GROUP BY 1 ORDER BY 1', r, f, z, n),
        format('parameters %s, %s, %s, %s', r, f, z, n))
$$;
SELECT pg_temp.prepared(r, f, z, n) FROM (VALUES (1::bigint, timestamptz '2024-02-20', 'Asia/Tokyo', 1),
    (2, '-infinity', 'UTC', 2), (3, '2024-03-01', 'America/Chicago', 0), (NULL, '2024-03-01', 'UTC', 1), (1, NULL, 'UTC', 1),
    (1, 'infinity', 'UTC', 1), (1, '2024-03-01', NULL, NULL)) v (r, f, z, n);
SELECT matches(oracle.plan('EXECUTE of_reseller(1, NULL, NULL, 1)'), 'Groups in the Scan by', 'a generic plan groups in the scan');
RESET plan_cache_mode;

-- Many groups take several passes.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT oracle.same_groups(query, true, 'little memory') FROM unnest(ARRAY[
    'SELECT reseller_id, company_id, day, item, sum(events), sum(price_to_twin), count(*) FROM @.daily_usage GROUP BY 1, 2, 3, 4',
    'SELECT day, item, count(DISTINCT company_id), min(service) FROM @.daily_usage GROUP BY 1, 2',
    'SELECT bucket, company_name, sum(price_to_reseller) FROM @.hourly_usage GROUP BY 1, 2',
    'SELECT sum(events), count(DISTINCT company_id) FROM @.hourly_usage',
    'SELECT DISTINCT company_id, bucket FROM @.quarter_hourly_usage WHERE reseller_id = 1']) query;
RESET ALL;

-- What is read: no more than needed, and wide buckets where these do.
DO $$ BEGIN PERFORM reseller_report.materialize(); END $$;
SELECT ok(oracle.rows_read('SELECT ' || narrow) * few <= oracle.rows_read('SELECT ' || wide), narrow || ' is less than ' || wide)
FROM (VALUES
    ('service, sum(events) FROM @.daily_usage GROUP BY 1', 'day, service, sum(events) FROM @.daily_usage GROUP BY 1, 2', 3),
    ('date_trunc(''month'', day), sum(events) FROM @.daily_usage WHERE reseller_id = 3 GROUP BY 1',
        'day, sum(events) FROM @.daily_usage WHERE reseller_id = 3 GROUP BY 1', 2),
    ('company_id, sum(events) FROM @.hourly_usage WHERE reseller_id = 3 GROUP BY 1',
        'bucket, sum(events) FROM @.hourly_usage WHERE reseller_id = 3 GROUP BY 1', 2),
    ('sum(events) FROM @.daily_usage WHERE item = ''sms''', 'item, sum(events) FROM @.daily_usage GROUP BY item', 5),
    ('day, sum(events) FROM @.daily_usage WHERE day = ''2024-03-01'' GROUP BY day',
        'day, sum(events) FROM @.daily_usage GROUP BY day', 12)) v (narrow, wide, few);
SELECT matches(oracle.plan('SELECT service, sum(events) FROM @.daily_usage WHERE reseller_id = 1 AND day > ''2024-03-01''
        AND item <> ''sms'' AND company_id = 15 AND events >= 0 GROUP BY 1'),
    'Filter: \(events >= 0\).*Chosen in the Scan by: \(reseller_id = 1\) AND \(item <> ''sms''::text\)'
        ' AND \(day > ''2024-03-01''::date\) AND \(company_id = 15\)', 'EXPLAIN tells conditions of the scan from others');
SELECT matches(oracle.plan('SELECT date_trunc(''month'', bucket), sum(events) FROM @.hourly_usage WHERE reseller_id = 1
        GROUP BY 1'),
    'Groups in the Scan by: date_trunc\(''month''::text, bucket\).*Chosen in the Scan by: \(reseller_id = 1\)',
    'and how it groups');
SELECT * FROM finish();
