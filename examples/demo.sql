-- A few months of lifelike usage of three resellers: uneven companies, days and nights, receipts that come late, refunds.
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
SET client_min_messages = warning;
\o /dev/null
SELECT setseed(0.42);
SET timezone = 'UTC';
\o

\echo '== 1. The extension, usage tables and three resellers'
CREATE EXTENSION reseller_report CASCADE;
\o /dev/null
SELECT reseller_report.create_usage_tables();
\o
INSERT INTO reseller_report.company (company_id, name, is_reseller, time_zone, currency) VALUES
    (1, 'Northern Lights Telecom', true, 'Europe/Moscow', 'RUB'),
    (2, 'Bharat Messaging', true, 'Asia/Kolkata', 'INR'),
    (3, 'Prairie Voice', true, 'America/Chicago', 'USD');
INSERT INTO reseller_report.company (company_id, name) VALUES
    (101, 'Aurora Bank'), (102, 'Taiga Logistics'), (103, 'Polar Pharmacy'), (104, 'Fjord Travel'), (105, 'Kedr Insurance'),
    (106, 'Baltic Grocery'), (107, 'Samovar Cafe'), (108, 'Quiet Archive'),
    (201, 'Monsoon Mobile'), (202, 'Lotus Clinics'), (203, 'Saffron Foods'), (204, 'Peacock Cinemas'),
    (301, 'Great Plains Electric'), (302, 'Lakeside Dental'), (303, 'Windy City Tickets');
INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT company_id / 100, company_id FROM reseller_report.company
    WHERE company_id > 100;

-- The three full months before this one, and this one so far, get partitions; the materializer makes later ones ahead.
\o /dev/null
SELECT format('CREATE TABLE usage.%1$s_%2$s PARTITION OF usage.%1$s FOR VALUES FROM (%3$L) TO (%4$L)',
        t, to_char(m, 'YYYY_MM'), m || '+00', m + interval '1 month' || '+00')
    FROM unnest(ARRAY['text_message', 'chat_message', 'phone_call', 'bot_message']) t,
        generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 months',
            date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month', '1 month') m
\gexec
\o

-- How busy a company is: few write most. A moment: by day more than by night, in the company's own zone.
CREATE TEMP TABLE busy AS
    SELECT d.company_id, r.time_zone,
        1.0 / power(row_number() OVER (PARTITION BY d.reseller_id ORDER BY d.company_id), 1.3) AS weight
    FROM reseller_report.dependency d JOIN reseller_report.company r ON r.company_id = d.reseller_id WHERE d.company_id <> 108;
CREATE FUNCTION pg_temp.moment(zone text) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT least(now(), (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 months'
        + floor(random() * 110) * interval '1 day'
        + ((9 + 10 * random() + 14 * power(random() - 0.5, 3)) * interval '1 hour')) AT TIME ZONE zone)
$$;

\echo '== 2. Usage of the last months, written like an application writes it'
\echo '   four tables, a statement each'
\timing on
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    SELECT company_id, channel, at, price, round(price * 1.3, 6)
    FROM (SELECT company_id, (ARRAY['sms', 'sms', 'viber', 'whatsapp', 'email', 'push'])[1 + floor(random() * 6)::int] AS channel,
            pg_temp.moment(time_zone) AS at FROM busy, generate_series(1, (160000 * weight)::int)) AS sent
    JOIN (VALUES ('sms', 0.0412), ('viber', 0.0175), ('whatsapp', 0.0231), ('email', 0.0008), ('push', 0.0001))
        AS tariff (channel, price)
        USING (channel);
INSERT INTO usage.chat_message (company_id, sender, via_alice, occurred_at, price_twin, price_reseller)
    SELECT company_id, (ARRAY['operator', 'bot', 'bot', 'user', 'user'])[1 + floor(random() * 5)::int], random() < 0.15,
        pg_temp.moment(time_zone), 0.0021, 0.0029
    FROM busy, generate_series(1, (60000 * weight)::int);
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
    SELECT company_id, CASE WHEN random() < 0.6 THEN 'outgoing' ELSE 'incoming' END, at, seconds,
        round(seconds * 0.0003, 6), round(seconds * 0.0004, 6)
    FROM (SELECT company_id, pg_temp.moment(time_zone) AS at, floor(-ln(random()) * 95)::int AS seconds
        FROM busy, generate_series(1, (20000 * weight)::int)) AS called;
INSERT INTO usage.bot_message (company_id, occurred_at, billable, price_twin, price_reseller)
    SELECT company_id, at, billable, CASE WHEN billable THEN 0.0035 ELSE 0 END, CASE WHEN billable THEN 0.0050 ELSE 0 END
    FROM (SELECT company_id, pg_temp.moment(time_zone) AS at, random() < 0.8 AS billable
        FROM busy, generate_series(1, (25000 * weight)::int)) AS sent;
\echo '   delivery receipts, seconds to days late'
UPDATE usage.text_message SET delivered_at = least(now(), occurred_at + -ln(random()) * interval '40 minutes')
    WHERE random() < 0.93;
\echo '   refunds of some calls'
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
    SELECT company_id, direction, occurred_at, 0, -price_twin, -price_reseller FROM usage.phone_call WHERE random() < 0.004;
\timing off
SELECT (SELECT count(*) FROM usage.text_message) AS text_messages, (SELECT count(*) FROM usage.chat_message) AS chat_messages,
    (SELECT count(*) FROM usage.phone_call) AS calls, (SELECT count(*) FROM usage.bot_message) AS bot_messages;
