-- Questions for Metabase, one a statement. Variables in braces are filters of the question: reseller is a number, since and before
-- are dates.

-- What each company costs by month.
SELECT month, company_name, sum(price_to_twin) AS price_to_twin, sum(price_to_reseller) AS price_to_reseller
FROM reseller_report.monthly_usage
WHERE reseller_id = {{reseller}} AND month >= {{since}} AND month < {{before}}
GROUP BY month, company_id, company_name ORDER BY month, company_name;

-- How many of the messages were delivered, by day and channel.
SELECT day, item, sum(delivered)::numeric / nullif(sum(events), 0) AS delivered_share
FROM reseller_report.daily_usage
WHERE reseller_id = {{reseller}} AND service = 'text_messaging' AND day >= {{since}} AND day < {{before}}
GROUP BY day, item ORDER BY day, item;

-- Companies that had usage in the month before the last and none in the last.
SELECT company_id, company_name
FROM reseller_report.monthly_usage
WHERE reseller_id = {{reseller}} AND month >= date_trunc('month', {{before}}::date) - interval '2 months' AND month < {{before}}
GROUP BY company_id, company_name
HAVING max(month) < date_trunc('month', {{before}}::date) - interval '1 month';

-- The page "Reseller and companies", of one service.
SELECT * FROM reseller_report.text_messaging({{reseller}}, {{since}}::date, {{before}}::date, has_expenses => true);
