-- What tools generate over the tables: Metabase, Superset, Grafana, Cube, Tableau, Power BI and PostgREST. Each query has the
-- answer of SQL over raw rows, and reads what it names and no more.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
\ir ../lib/tables_oracle.sql
\ir ../lib/table_plans.sql
SELECT setseed(0.46) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(150); END $$;
SELECT reseller_report.materialize() \g /dev/null
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(10); END $$;
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;

-- Metabase: the fingerprint of a table, and the values of a field.
SELECT is((SELECT count(*) FROM (SELECT * FROM reseller_report.hourly_usage LIMIT 100) x), 100::bigint, 'a fingerprint');
SELECT is_empty($$(SELECT * FROM "reseller_report"."hourly_usage" LIMIT 100) EXCEPT SELECT * FROM oracle.hourly_usage$$,
    'of true rows');
SELECT ok(oracle.rows_read('SELECT * FROM @.hourly_usage WHERE bucket >= ''2024-02-10'' LIMIT 5') * 3
        < oracle.rows_read('SELECT * FROM @.hourly_usage WHERE bucket >= ''2024-02-10'''),
    'reads the first of them');
SELECT oracle.same_groups(query, true, tool) FROM (VALUES
    ('Metabase, values of a field', 'SELECT "@"."daily_usage"."company_name" AS "company_name" FROM "@"."daily_usage"
        GROUP BY "@"."daily_usage"."company_name" ORDER BY "@"."daily_usage"."company_name" ASC LIMIT 1001'),
    ('Metabase, the last 12 months', 'SELECT DATE_TRUNC(''month'', "@"."daily_usage"."bucket") AS "bucket",
        "@"."daily_usage"."service" AS "service", SUM("@"."daily_usage"."price_to_twin") AS "sum" FROM "@"."daily_usage"
        WHERE ("@"."daily_usage"."reseller_id" = 1)
        AND ("@"."daily_usage"."bucket" >= DATE_TRUNC(''month'', (timestamptz ''2025-01-15 10:00+00'' + INTERVAL ''-12 month'')))
        AND ("@"."daily_usage"."bucket" < DATE_TRUNC(''month'', timestamptz ''2025-01-15 10:00+00''))
        GROUP BY DATE_TRUNC(''month'', "@"."daily_usage"."bucket"), "@"."daily_usage"."service"
        ORDER BY DATE_TRUNC(''month'', "@"."daily_usage"."bucket") ASC, "@"."daily_usage"."service" ASC'),
    ('Metabase, by now', 'SELECT CAST(DATE_TRUNC(''day'', "source"."bucket") AS date), COUNT(*),
        COUNT(DISTINCT "source"."company_id") FROM (SELECT * FROM "@"."hourly_usage"
        WHERE "bucket" >= CAST((NOW() + INTERVAL ''-40 year'') AS date)) "source"
        GROUP BY CAST(DATE_TRUNC(''day'', "source"."bucket") AS date) ORDER BY 1'),
    ('Superset', 'SELECT DATE_TRUNC(''day'', bucket) AS bucket, item AS item, sum(events) AS "SUM(events)" FROM @.hourly_usage
        WHERE bucket >= TO_TIMESTAMP(''2024-02-20 00:00:00.000000'', ''YYYY-MM-DD HH24:MI:SS.US'')
        AND bucket < TO_TIMESTAMP(''2024-03-05 00:00:00.000000'', ''YYYY-MM-DD HH24:MI:SS.US'') AND reseller_id IN (1)
        GROUP BY DATE_TRUNC(''day'', bucket), item ORDER BY "SUM(events)" DESC, 1, 2 LIMIT 10000'),
    ('Grafana', 'SELECT floor(extract(epoch from bucket)/21600)*21600 AS "time", service AS metric, sum(events) FROM @.hourly_usage
        WHERE bucket BETWEEN ''2024-02-10T08:13:22.123Z'' AND ''2024-03-10T21:44:11.456Z'' AND reseller_id IN (''1'')
        GROUP BY 1,2 ORDER BY 1,2'),
    ('Cube', 'SELECT "usage".service "usage__service",
        date_trunc(''day'', ("usage".bucket::timestamptz AT TIME ZONE ''Europe/Moscow'')) "usage__bucket_day",
        sum("usage".price_to_twin) "usage__price" FROM @.hourly_usage AS "usage"
        WHERE ("usage".bucket >= ''2024-02-01T00:00:00.000Z''::timestamptz
            AND "usage".bucket <= ''2024-03-15T23:59:59.999Z''::timestamptz)
        AND ("usage".reseller_id = ''1'') GROUP BY 1, 2 ORDER BY 2 ASC, 1 LIMIT 10000'),
    ('Tableau, the domain of a field', 'SELECT MIN("daily_usage"."bucket") AS "lower", MAX("daily_usage"."bucket") AS "upper"
        FROM "@"."daily_usage" "daily_usage" HAVING (COUNT(1) > 0)'),
    ('Tableau, the same with a filter', 'SELECT MIN("daily_usage"."bucket") AS "lower", MAX("daily_usage"."bucket") AS "upper"
        FROM "@"."daily_usage" "daily_usage" WHERE (("daily_usage"."reseller_id" = 1)
        AND ("daily_usage"."bucket" >= (TIMESTAMP ''2024-03-01 00:00:00.000''))) HAVING (COUNT(1) > 0)'),
    ('Tableau, a view', 'SELECT "daily_usage"."service" AS "service", SUM("daily_usage"."price_to_twin") AS "sum:price_to_twin:ok",
        DATE_TRUNC( ''MONTH'', CAST("daily_usage"."day" AS TIMESTAMP) ) AS "tmn:day:ok" FROM "@"."daily_usage" "daily_usage"
        WHERE ("daily_usage"."service" IN (''bot'', ''chat'')) GROUP BY 1, 3'),
    ('Power BI', 'select "rows"."service" as "service", sum("rows"."price_to_twin") as "a0" from (select "reseller_id", "service",
        "price_to_twin" from "@"."monthly_usage" "$Table" where "bucket" >= timestamp ''2024-01-01 00:00:00''
        and "bucket" < timestamp ''2025-01-01 00:00:00'' and "reseller_id" = 1) "rows" group by "service" limit 1000001'),
    ('Power BI, distinct', 'select distinct "rows"."service", "rows"."item" from "@"."daily_usage" "rows"
        where "rows"."reseller_id" = 2 limit 1001')) v (tool, query);
-- Cube binds parameters, the last of them a string.
PREPARE cube(timestamptz, timestamptz, bigint) AS
    SELECT "usage".service, date_trunc('day', ("usage".bucket::timestamptz AT TIME ZONE 'Europe/Moscow')),
        sum("usage".price_to_twin)
    FROM reseller_report.hourly_usage AS "usage" WHERE ("usage".bucket >= $1::timestamptz AND "usage".bucket <= $2::timestamptz)
        AND ("usage".reseller_id = $3) GROUP BY 1, 2 ORDER BY 2 ASC, 1 LIMIT 10000;
SET plan_cache_mode = force_generic_plan;
SELECT results_eq($$EXECUTE cube('2024-02-01', '2024-03-15 23:59:59.999Z', '1')$$,
    $$SELECT service, date_trunc('day', bucket AT TIME ZONE 'Europe/Moscow'), sum(price_to_twin) FROM oracle.hourly_usage
        WHERE bucket >= '2024-02-01' AND bucket <= '2024-03-15 23:59:59.999Z' AND reseller_id = 1 GROUP BY 1, 2 ORDER BY 2, 1$$,
    'Cube, bound parameters');
SELECT matches(oracle.plan($$EXECUTE cube('2024-02-01', '2024-03-15', '1')$$), 'Groups in the Scan by', 'in the scan');
RESET plan_cache_mode;
-- Grafana's series, and PostgREST's call of a function.
SELECT results_eq($$SELECT step_from AS "time", service AS metric, events FROM reseller_report.usage_series(1,
        '2024-03-01T08:13:22.123Z', '2024-03-14T21:44:11.456Z', 'day') ORDER BY 1, 2$$,
    $$SELECT step_from, service, events FROM oracle.series(1, '2024-03-01T08:13:22.123Z', '2024-03-14T21:44:11.456Z', 'day',
        'America/Chicago') ORDER BY 1, 2$$, 'Grafana, a series');
SELECT results_eq($$
    WITH pgrst_source AS (SELECT c.* FROM json_to_record('{"reseller_id":1,"period_from":"2024-02-01T00:00:00+03:00",
        "period_to":"2024-03-01T00:00:00+03:00"}') AS b(reseller_id bigint, period_from timestamptz, period_to timestamptz),
        LATERAL reseller_report.usage(reseller_id := b.reseller_id, period_from := b.period_from, period_to := b.period_to) c)
    SELECT count(*), coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM pgrst_source ORDER BY price_to_twin DESC, company_id
        LIMIT 50 OFFSET 5) t$$,
    $$SELECT count(*), coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM oracle.usage(1, '2024-02-01T00:00:00+03:00',
        '2024-03-01T00:00:00+03:00') ORDER BY price_to_twin DESC, company_id LIMIT 50 OFFSET 5) t$$, 'PostgREST, a function');
-- Chosen time is all that is read.
DO $$ BEGIN PERFORM reseller_report.materialize(); END $$;
SELECT ok(oracle.rows_read('SELECT DATE_TRUNC(''day'', bucket), sum(events) FROM @.hourly_usage WHERE bucket >= ''2024-03-01''
    AND bucket < ''2024-03-04'' GROUP BY 1') * 10 < oracle.rows_read('SELECT DATE_TRUNC(''day'', bucket), sum(events)
    FROM @.hourly_usage GROUP BY 1'), 'three days of many');
SELECT is(oracle.rows_read('SELECT bucket, sum(events) FROM @.hourly_usage WHERE bucket >= now() - interval ''30 days''
    GROUP BY 1'), 0::bigint, 'nothing of now');
SELECT * FROM finish();
