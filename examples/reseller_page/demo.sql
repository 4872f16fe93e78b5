-- What the page's demo has besides examples/demo.sql: names that attack pages and spreadsheets, a reseller of more than 50
-- companies, and the users' rights.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
\o /dev/null
SELECT setseed(0.16);
SET timezone = 'UTC';
\o

INSERT INTO reseller_report.company (company_id, name) VALUES
    (109, '<script>alert(1)</script>'), (110, '=HYPERLINK("http://example.com";"Prices")'), (111, '"Quotes" & ''Commas'', Ltd'),
    (112, 'Ясная Поляна');
INSERT INTO reseller_report.company (company_id, name)
    SELECT 1000 + n, 'Branch ' || n || ' of Ganges Bazaar' FROM generate_series(1, 60) n;
INSERT INTO reseller_report.dependency (reseller_id, company_id)
    SELECT CASE WHEN company_id > 1000 THEN 2 ELSE 1 END, company_id FROM reseller_report.company
    WHERE company_id BETWEEN 109 AND 112 OR company_id > 1000;

CREATE FUNCTION pg_temp.moment() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT least(now(), date_trunc('month', now()) - interval '2 months' + random() * interval '80 days')
$$;
INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
    SELECT company_id, (ARRAY['sms', 'viber', 'whatsapp', 'email', 'push'])[1 + floor(random() * 5)::int], at, at, 0.0231, 0.03003
    FROM (SELECT company_id, pg_temp.moment() AS at FROM reseller_report.company, generate_series(1, 40)
        WHERE company_id BETWEEN 109 AND 112 OR company_id > 1000) AS sent;
INSERT INTO usage.chat_message (company_id, sender, via_alice, occurred_at, price_twin, price_reseller)
    SELECT company_id, (ARRAY['operator', 'bot', 'user'])[1 + floor(random() * 3)::int], random() < 0.3, pg_temp.moment(), 0.0021,
        0.0029
    FROM reseller_report.company, generate_series(1, 25) WHERE company_id BETWEEN 109 AND 112 OR company_id > 1000;
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
    SELECT company_id, (ARRAY['outgoing', 'incoming'])[1 + floor(random() * 2)::int], pg_temp.moment(), 61, 0.0183, 0.0244
    FROM reseller_report.company, generate_series(1, 10) WHERE company_id BETWEEN 109 AND 112 OR company_id > 1000;

\ir roles.sql
\o /dev/null
SELECT reseller_report.grant_access('page_head_office', r) FROM unnest(ARRAY[1, 2, 3]) r;
SELECT reseller_report.grant_access('page_northern_lights', 1), reseller_report.grant_access('page_bharat', 2);
\o

-- The head office bills. Each reseller reads its own statements.
GRANT EXECUTE ON FUNCTION reseller_report.issue_statement, reseller_report.withdraw_statement TO page_head_office;

-- Two of the resellers have been billed until two months ago. Meanwhile usage of that time has changed.
\o /dev/null
SET ROLE page_head_office;
SELECT reseller_report.issue_statement(r, period_from, period_to)
    FROM unnest(ARRAY[1, 2]) r, reseller_report.named_period(r, 'last_month', now() - interval '2 months');
RESET ROLE;
UPDATE usage.text_message SET price_twin = 0, price_reseller = 0
    WHERE company_id IN (101, 110, 201) AND id % 500 = 0 AND occurred_at < date_trunc('month', now()) - interval '2 months';
SET ROLE page_head_office;
SELECT reseller_report.issue_statement(r, period_from, period_to, note => 'With a refund of messages that did not arrive')
    FROM unnest(ARRAY[1, 2]) r, reseller_report.named_period(r, 'last_month', now() - interval '1 month');
RESET ROLE;
DELETE FROM usage.bot_message
    WHERE company_id IN (101, 109, 201) AND id % 50 = 0 AND occurred_at < date_trunc('month', now()) - interval '1 month';
\o
