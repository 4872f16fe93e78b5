-- Random conditions and groups over the tables for tools have the answers of SQL over raw rows, whoever groups, with changes
-- pending and days that are not built.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
\ir ../lib/tables_oracle.sql
\ir ../lib/table_plans.sql
SELECT setseed(0.47) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(120); END $$;
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;
UPDATE reseller_report.company SET time_zone = 'Asia/Kathmandu' WHERE company_id = 3;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(15); END $$;
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), '2024-03-03 00:00+00', '2024-03-06 00:00+00', 'a test'
    FROM reseller_report.source;

CREATE FUNCTION pg_temp.some(list text[], most int, separator text) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(x, separator) FROM (SELECT x FROM unnest(list) x ORDER BY random()
        LIMIT floor(random() * (most + 1))::int) s
$$;
-- A query of a table: what it groups by has positions, so that keys may be any expressions.
CREATE FUNCTION pg_temp.random_query() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    step text := (ARRAY['quarter_hourly', 'hourly', 'daily', 'daily', 'monthly'])[1 + floor(random() * 5)::int];
    of_step text[] := CASE step WHEN 'daily' THEN '{day,"extract(dow FROM day)","day + 1","bucket::date - day"}'
        WHEN 'monthly' THEN '{month,"extract(year FROM month)"}'
        ELSE '{"extract(hour FROM bucket)","date_trunc(''day'', bucket)","(bucket AT TIME ZONE ''Asia/Kolkata'')::date"}' END;
    keys text[] := '{reseller_id,company_id,company_name,service,item,bucket,"reseller_id % 2","company_id % 4","left(item, 2)",
        "date_trunc(''month'', bucket)","bucket > ''2024-03-01''","service || item"}'::text[] || of_step;
    conditions text[] := '{"reseller_id = 1","reseller_id IN (2, 3)","company_id < 20","company_name LIKE ''%5''",
        "service = ''bot''","item <> ''sms''","bucket >= ''2024-02-20 07:13''","bucket < ''2024-03-20''",
        "bucket BETWEEN ''2024-03-01'' AND ''2024-03-10''","company_id % 3 = reseller_id","events > 1","price_to_twin > 0",
        "date_trunc(''month'', bucket) = ''2024-03-01''","(item = ''sms'' OR company_id = 15)",
        "extract(isodow FROM bucket) < 6","company_id = ANY (ARRAY[14, 15, 16, 17])"}';
    aggregates text[] := '{sum(events),sum(price_to_twin),sum(price_to_reseller - price_to_twin),count(*),avg(price_to_twin),
        avg(seconds),count(DISTINCT company_id),min(bucket),max(item),sum(events) FILTER (WHERE item = ''sms''),
        count(*) FILTER (WHERE reseller_id = 1),max(events),sum(CASE WHEN service = ''chat'' THEN price_to_twin ELSE 0 END),
        min(company_id),sum(delivered),bool_or(item = ''bot'')}';
    of_key text := pg_temp.some(keys, 3, ', ');
    of_aggregate text := coalesce(pg_temp.some(aggregates, 3, ', '), 'sum(events)');
    of_groups text := CASE WHEN random() < 0.2 THEN ' HAVING sum(events) > 2' ELSE '' END;
BEGIN
    RETURN format('SELECT %s FROM @.%s_usage WHERE %s%s%s', concat_ws(', ', of_key, of_aggregate), step,
        coalesce(pg_temp.some(conditions, 3, ' AND '), 'true'),
        ' GROUP BY ' || (SELECT string_agg(n::text, ', ') FROM generate_series(1, array_length(string_to_array(
            regexp_replace(of_key, '\([^()]*(\([^()]*\)[^()]*)*\)', '', 'g'), ','), 1)) n), of_groups);
END
$$;
SELECT oracle.same_groups(query, NULL, 'random') FROM (SELECT pg_temp.random_query() AS query FROM generate_series(1, 60)) q;
SELECT * FROM finish();
