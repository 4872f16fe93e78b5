-- Virtual datasets for Superset, one a statement. Physical ones need no SQL: add the tables of the schema, with day or bucket as
-- the time column.

-- Days with the currency of the reseller, for dashboards of several resellers.
SELECT u.day, r.name AS reseller, r.currency, u.service, u.events, u.price_to_twin, u.price_to_reseller
FROM (
    SELECT reseller_id, day, service, sum(events) AS events, sum(price_to_twin) AS price_to_twin,
        sum(price_to_reseller) AS price_to_reseller
    FROM reseller_report.daily_usage WHERE bucket >= now() - interval '400 days' GROUP BY 1, 2, 3) u
JOIN reseller_report.resellers r USING (reseller_id);

-- Hours of the week on the clock of Moscow.
SELECT extract(isodow FROM bucket AT TIME ZONE 'Europe/Moscow') AS weekday,
    extract(hour FROM bucket AT TIME ZONE 'Europe/Moscow') AS hour, service, sum(events) AS events
FROM reseller_report.hourly_usage WHERE bucket >= now() - interval '90 days' GROUP BY 1, 2, 3;
