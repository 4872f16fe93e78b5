-- The tables for tools read totals of all services together. Yet each source is read only where its own service is asked for and
-- may have usage: what it cannot tell elsewhere stops nobody.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company VALUES (1, 'Reseller', true), (11, 'Eleven', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE bots (company_id int, occurred_at timestamptz, plan text, price_twin numeric(30,6), price_reseller numeric(30,6))
    PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_january PARTITION OF bots FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
CREATE TABLE bots_february PARTITION OF bots FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2025-03-01 00:00+00');
CREATE TABLE calls (company_id int, direction text, occurred_at timestamptz, duration_seconds int, price_twin numeric(30,6),
    price_reseller numeric(30,6));
INSERT INTO usage.chat_message (company_id, occurred_at, sender, price_twin, price_reseller)
    SELECT 11, at, 'bot', 1, 0 FROM generate_series(timestamptz '2025-01-10 00:00+00', '2025-03-10', '1 month') at;
INSERT INTO calls SELECT 11, direction, at, 60, 5, 0
    FROM unnest(ARRAY['incoming', 'outgoing']) direction,
        generate_series(timestamptz '2025-02-10 00:00+00', '2025-03-10', '1 month') at;
-- The row of February cannot be counted.
INSERT INTO bots SELECT 11, at, CASE WHEN at < '2025-02-01' THEN 'paid' ELSE 'secret' END, 10, 0
    FROM generate_series(timestamptz '2025-01-10 00:00+00', '2025-02-10', '1 month') at;
SELECT reseller_report.attach_source('bot', 'bots', '{"billable": {"column": "plan", "values": {"paid": true}}}') \g /dev/null
SELECT reseller_report.attach_source('telephony', 'calls') \g /dev/null

-- A table of calls feeds two services, and is read for both at once.
SELECT results_eq($$SELECT service, count(*), sum(events), sum(price_to_twin) FROM reseller_report.monthly_usage
        WHERE service <> 'bot' AND month BETWEEN '2025-01-01' AND '2025-03-01' GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('chat', 3::bigint, 3::numeric, 3::numeric), ('telephony_incoming', 2, 2, 10), ('telephony_outgoing', 2, 2, 10)$$,
    'services together');
SELECT results_eq($$SELECT sum(events), sum(seconds), min(month), max(month) FROM reseller_report.monthly_usage
        WHERE service <> 'bot'$$,
    $$VALUES (7::numeric, 240::numeric, date '2025-01-01', date '2025-03-01')$$, 'all time of the services together');

CREATE FUNCTION pg_temp.asked(clause text) RETURNS text LANGUAGE sql AS $$
    SELECT 'SELECT service, sum(price_to_twin) FROM reseller_report.monthly_usage WHERE ' || clause || ' GROUP BY 1 ORDER BY 1'
$$;
SELECT throws_ok(pg_temp.asked('month = ''2025-02-01'''), '23514', NULL, 'the row is there');
SELECT results_eq(pg_temp.asked($$service = 'bot' AND month = '2025-01-01' OR service = 'chat' AND month = '2025-02-01'$$),
    $$VALUES ('bot', 10::numeric), ('chat', 1)$$, 'a service is not read where only another is asked for');
SELECT results_eq(pg_temp.asked($$service = 'bot' AND month = '2025-01-01' OR service LIKE 'tele%' AND month > '2025-01-01'$$),
    $$VALUES ('bot', 10::numeric), ('telephony_incoming', 10), ('telephony_outgoing', 10)$$, 'nor where two others are');

-- A clock whose days once began off the quarter hours, and a source that has pruned its rows of that time.
DELETE FROM bots WHERE plan = 'secret';
INSERT INTO usage.chat_message (company_id, occurred_at, sender, price_twin, price_reseller)
    VALUES (11, '1930-01-02 12:00+00', 'bot', 1, 0);
UPDATE reseller_report.company SET time_zone = 'Africa/Monrovia' WHERE company_id = 1;
SELECT reseller_report.materialize() \g /dev/null
CALL reseller_report.rebuild('bots');
CALL reseller_report.rebuild('calls');
SELECT reseller_report.prune('bots', '2025-02-01 00:00+00') \g /dev/null
SELECT results_eq('SELECT sum(price_to_twin), min(day) FROM reseller_report.daily_usage',
    $$VALUES (34::numeric, date '1930-01-02')$$, 'pruned rows are not asked for where the service has no usage');
SELECT results_eq('SELECT sum(price_to_twin) FROM reseller_report.daily_usage', 'VALUES (34::numeric)',
    'nor where days are joined');
SELECT results_eq('SELECT month, sum(price_to_twin) FROM reseller_report.monthly_usage GROUP BY 1 ORDER BY 1',
    $$VALUES (date '1930-01-01', 1::numeric), ('2025-01-01', 11), ('2025-02-01', 11), ('2025-03-01', 11)$$, 'by month, neither');
SELECT throws_ok($$SELECT sum(price_to_twin) FROM reseller_report.daily_usage WHERE service = 'bot'
    AND day BETWEEN '1930-01-01' AND '1930-01-05'$$, '55000', NULL, 'asked for there, they cannot be told');
SELECT * FROM finish();
