-- What every client asks, as psql answers it, in the form in which the clients print it: values between bars, moments in UTC.
\pset tuples_only on
\pset format unaligned
\echo page
SELECT reseller_report.reseller_and_companies(1, '2024-02-01 00:00+00', '2024-04-01 00:00+00', true, row_limit => 5);
\echo report
SELECT * FROM reseller_report.text_messaging(1, '2024-02-01 00:00+00', '2024-04-01 00:00+00', true);
\echo chart
SELECT day, service, sum(events), sum(price_to_twin) FROM reseller_report.daily_usage
WHERE reseller_id = 1 AND day >= '2024-03-01' AND day < '2024-03-15' GROUP BY day, service ORDER BY day, service;
\echo events
SELECT source, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), item, delivered, seconds, price_to_twin,
    source_key ->> 'id'
FROM reseller_report.usage_events(1, 15, 'text_messaging', '2024-02-01 00:00+00', '2024-04-01 00:00+00');
\echo errors
\set ON_ERROR_STOP off
SELECT * FROM reseller_report.totals(2, '2024-02-01 00:00+00', '2024-04-01 00:00+00');
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
SELECT * FROM reseller_report.usage_series(1, '2024-02-01 00:00+00', '2024-04-01 00:00+00', 'fortnight');
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
