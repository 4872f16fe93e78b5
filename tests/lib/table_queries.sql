-- Random queries of the tables for tools, with @ where the schema of a table goes.
CREATE FUNCTION oracle.some(list text[], most int, separator text) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(x, separator) FROM (SELECT x FROM unnest(list) x ORDER BY random()
        LIMIT floor(random() * (most + 1))::int) s
$$;
-- A query of one of these tables: what it groups by has positions, so that keys may be any expressions.
CREATE FUNCTION oracle.random_table_query(steps text[] DEFAULT '{quarter_hourly,hourly,daily,daily,monthly}') RETURNS text
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    step text := steps[1 + floor(random() * cardinality(steps))::int];
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
    of_key text := oracle.some(keys, 3, ', ');
    of_aggregate text := coalesce(oracle.some(aggregates, 3, ', '), 'sum(events)');
    of_groups text := CASE WHEN random() < 0.2 THEN ' HAVING sum(events) > 2' ELSE '' END;
BEGIN
    RETURN format('SELECT %s FROM @.%s_usage WHERE %s%s%s', concat_ws(', ', of_key, of_aggregate), step,
        coalesce(oracle.some(conditions, 3, ' AND '), 'true'),
        ' GROUP BY ' || (SELECT string_agg(n::text, ', ') FROM generate_series(1, array_length(string_to_array(
            regexp_replace(of_key, '\([^()]*(\([^()]*\)[^()]*)*\)', '', 'g'), ','), 1)) n), of_groups);
END
$$;
