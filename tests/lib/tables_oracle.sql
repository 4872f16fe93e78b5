-- The independent oracle of the tables for tools: views of schema oracle with the same names and columns, by plain SQL over the raw
-- usage tables of schema usage and the tables that users fill. Random usage lies within their time. Needs usage_oracle.sql.
CREATE VIEW oracle.resellers AS
    SELECT company_id AS reseller_id, name, time_zone, currency FROM reseller_report.company WHERE is_reseller;

CREATE VIEW oracle.reseller_companies AS
    SELECT d.reseller_id, d.company_id, c.name AS company_name,
        CASE WHEN NOT bool_or(lower_inf(d.during)) THEN min(lower(d.during)) END AS since,
        CASE WHEN NOT bool_or(upper_inf(d.during)) THEN max(upper(d.during)) END AS until
    FROM reseller_report.dependency d JOIN reseller_report.company c USING (company_id)
    GROUP BY d.reseller_id, d.company_id, c.name;

-- The buckets of a table, by the clock of each reseller.
CREATE FUNCTION oracle.buckets(step text) RETURNS TABLE (reseller_id bigint, bucket timestamptz, ends timestamptz, shown date)
    LANGUAGE sql STABLE AS $$
    SELECT r.reseller_id, s.step_from, s.step_to, date_trunc(step, s.step_from AT TIME ZONE z.zone)::date
    FROM oracle.resellers r,
        LATERAL (SELECT CASE WHEN step IN ('day', 'month') THEN r.time_zone ELSE 'UTC' END AS zone) z,
        LATERAL (SELECT * FROM oracle.steps('2023-12-01 00:00+00', '2024-06-01 00:00+00', step, z.zone) WHERE step <> 'quarter'
            UNION ALL
            SELECT at, at + interval '15 minutes' FROM generate_series(timestamptz '2024-01-01 00:00+00',
                '2024-05-01 00:00+00', '15 minutes') at WHERE step = 'quarter') s
$$;

CREATE FUNCTION oracle.bucketed(step text)
    RETURNS TABLE (reseller_id bigint, company_id bigint, company_name text, service text, item text, shown date,
        bucket timestamptz, events bigint, delivered bigint, seconds bigint, price_to_twin numeric, price_to_reseller numeric)
    LANGUAGE sql STABLE AS $$
    WITH bucket AS MATERIALIZED (SELECT * FROM oracle.buckets(step))
    SELECT d.reseller_id, e.company_id, c.name, e.service, e.item, b.shown, b.bucket, count(*),
        count(*) FILTER (WHERE e.delivered), sum(e.seconds)::bigint, sum(e.price_twin), sum(e.price_reseller)
    FROM oracle.event e JOIN reseller_report.company c USING (company_id)
    JOIN reseller_report.dependency d ON d.company_id = e.company_id AND d.during @> e.occurred_at
    JOIN bucket b ON b.reseller_id = d.reseller_id AND e.occurred_at >= b.bucket AND e.occurred_at < b.ends
    GROUP BY 1, 2, 3, 4, 5, 6, 7
$$;

CREATE VIEW oracle.quarter_hourly_usage AS
    SELECT reseller_id, company_id, company_name, service, item, bucket, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM oracle.bucketed('quarter');
CREATE VIEW oracle.hourly_usage AS
    SELECT reseller_id, company_id, company_name, service, item, bucket, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM oracle.bucketed('hour');
CREATE VIEW oracle.daily_usage AS
    SELECT reseller_id, company_id, company_name, service, item, shown AS day, bucket, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM oracle.bucketed('day');
CREATE VIEW oracle.monthly_usage AS
    SELECT reseller_id, company_id, company_name, service, item, shown AS month, bucket, events, delivered, seconds,
        price_to_twin, price_to_reseller
    FROM oracle.bucketed('month');

-- The rows of a query of the tables in which it and the oracle differ. The query has @ where the schema of a table goes.
CREATE FUNCTION oracle.table_differences(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'WITH said AS MATERIALIZED (SELECT x::text AS r FROM (%s) x), truth AS MATERIALIZED (SELECT x::text AS r FROM (%s) x)'
        ' SELECT ''said '' || r FROM (TABLE said EXCEPT ALL TABLE truth) a'
        ' UNION ALL SELECT ''true '' || r FROM (TABLE truth EXCEPT ALL TABLE said) b LIMIT 5',
        replace(query, '@', 'reseller_report'), replace(query, '@', 'oracle'));
END
$$;

-- A pgTAP test of that.
CREATE FUNCTION oracle.same_rows(query text, label text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty(format('SELECT * FROM oracle.table_differences(%L)', query), label || ': ' || query)
$$;
