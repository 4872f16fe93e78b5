-- The database of the fuzzer: usage is written to schema live; rows that prune drops are copied to schema archive in the same
-- transaction; the views of schema usage, which the oracle reads, are both.
SET client_min_messages = warning;
SELECT reseller_report.detach_source(c)
    FROM unnest('{usage.text_message,usage.chat_message,usage.phone_call,usage.bot_message}'::regclass[]) AS c;
DROP SCHEMA usage CASCADE;
SELECT reseller_report.create_usage_tables('live');
CREATE SCHEMA archive;
CREATE SCHEMA usage;
CREATE TABLE live.old_bot (firm smallint, plan integer, at timestamp, cents integer, earned numeric(9,2),
    state text DEFAULT 'done');
CREATE INDEX ON live.old_bot (firm, at);
CREATE INDEX ON live.old_bot (at);
SELECT reseller_report.attach_source('bot', 'live.old_bot',
    '{"company_id": "firm", "billable": {"column": "plan", "values": {"1": true, "2": false, "3": null}},
    "occurred_at": {"column": "at", "time_zone": "-02:00"}, "price_twin": {"column": "cents", "unit": "0.01"},
    "price_reseller": "earned", "only": {"state": ["done", null]}}');
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['text_message', 'chat_message', 'phone_call', 'bot_message'] LOOP
        EXECUTE format('CREATE TABLE archive.%1$I AS TABLE live.%1$I', t);
        CONTINUE WHEN t = 'bot_message';
        EXECUTE format('CREATE VIEW usage.%1$I AS TABLE archive.%1$I UNION ALL TABLE live.%1$I', t);
    END LOOP;
END
$$;
CREATE VIEW usage.bot_message AS
    SELECT id, company_id, occurred_at, billable, price_twin, price_reseller FROM archive.bot_message
    UNION ALL SELECT id, company_id, occurred_at, billable, price_twin, price_reseller FROM live.bot_message
    UNION ALL SELECT NULL, firm, (at + interval '2 hours') AT TIME ZONE 'UTC', plan = 1,
            (coalesce(cents, 0) * 0.01)::numeric(15,6), coalesce(earned, 0)::numeric(15,6)
        FROM live.old_bot
        WHERE plan <> 3 AND (state = 'done' OR state IS NULL);
SELECT random_usage.companies();
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;
UPDATE reseller_report.company SET time_zone = 'Asia/Kathmandu' WHERE company_id = 3;
\ir ../lib/usage_oracle.sql
\ir ../lib/statements_oracle.sql
\ir ../lib/tables_oracle.sql
\ir ../lib/table_queries.sql

CREATE SCHEMA fuzz;
-- The zones stay, and so do the buckets.
CREATE TABLE fuzz.bucket AS SELECT step, b.* FROM unnest('{quarter,hour,day,month}'::text[]) step, oracle.buckets(step) b;
CREATE OR REPLACE FUNCTION oracle.buckets(step text)
    RETURNS TABLE (reseller_id bigint, bucket timestamptz, ends timestamptz, shown date) LANGUAGE sql STABLE AS $$
    SELECT b.reseller_id, b.bucket, b.ends, b.shown FROM fuzz.bucket b WHERE b.step = buckets.step
$$;
CREATE FUNCTION fuzz.texts(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
        SELECT 11 + random() * 29, (ARRAY['sms', 'viber', 'whatsapp', 'email', 'push'])[1 + floor(random() * 5)],
            random_usage.moment(), CASE WHEN random() < 0.3 THEN now() END, random_usage.price(), random_usage.price()
                FROM generate_series(1, n)
$$;
CREATE FUNCTION fuzz.old_bots(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.old_bot SELECT 11 + random() * 29, 1 + floor(random() * 3), random_usage.moment() AT TIME ZONE 'UTC',
        random() * 1000 - 200, random() * 10,
        (ARRAY['done', 'lost', NULL])[1 + floor(random() * 3)] FROM generate_series(1, n)
$$;
CREATE FUNCTION fuzz.others(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.chat_message (company_id, sender, via_alice, occurred_at, price_twin)
        SELECT 11 + random() * 29, (ARRAY['operator', 'bot', 'user'])[1 + floor(random() * 3)], random() < 0.3,
            random_usage.moment(), random_usage.price() FROM generate_series(1, n);
    INSERT INTO live.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin)
        SELECT 11 + random() * 29, (ARRAY['outgoing', 'incoming'])[1 + floor(random() * 2)], random_usage.moment(),
            random() * 1000, random_usage.price() FROM generate_series(1, n);
    INSERT INTO live.bot_message (company_id, occurred_at, billable, price_twin, price_reseller)
        SELECT 11 + random() * 29, random_usage.moment(), random() < 0.7, random_usage.price(), random_usage.price()
            FROM generate_series(1, n);
    SELECT fuzz.old_bots(n)
$$;
CREATE FUNCTION fuzz.passing_texts(company bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.text_message (company_id, channel, occurred_at, price_twin)
        SELECT company, 'sms', random_usage.moment(), random_usage.price() FROM generate_series(1, 3)
$$;
-- A company with usage becomes a reseller's.
CREATE FUNCTION fuzz.come(company bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO reseller_report.company (company_id, name) VALUES (company, 'Company ' || company) ON CONFLICT DO NOTHING;
    INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1 + floor(random() * 3), company);
    SELECT fuzz.passing_texts(company)
$$;
-- The application deletes a company. Its usage stays.
CREATE FUNCTION fuzz.go(company bigint) RETURNS SETOF text LANGUAGE sql AS $$
    DELETE FROM reseller_report.dependency WHERE company_id = go.company;
    DELETE FROM reseller_report.company WHERE company_id = go.company RETURNING 'gone'
$$;
CREATE FUNCTION fuzz.rename(company bigint) RETURNS SETOF text LANGUAGE sql AS $$
    UPDATE reseller_report.company SET name = 'Name "' || chr(1 + (random() * 200)::int) || md5(random()::text)
        WHERE company_id = rename.company RETURNING 'renamed'
$$;
-- Copies what a prune with the same arguments drops, and prunes.
CREATE FUNCTION fuzz.prune(t text, older_than timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('LOCK TABLE live.%I IN ACCESS EXCLUSIVE MODE', t);
    EXECUTE format('INSERT INTO archive.%1$I SELECT m.* FROM live.%1$I m, reseller_report.prunable(''live.%1$I'', %2$L) p
        WHERE m.occurred_at >= p.period_from AND m.occurred_at < p.period_to', t, older_than);
    PERFORM reseller_report.prune(format('live.%I', t)::regclass, older_than);
END
$$;
-- Locks as every writer does, the table first.
CREATE FUNCTION fuzz.truncate(t text, part text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('LOCK TABLE live.%I IN ACCESS EXCLUSIVE MODE', t);
    EXECUTE format('TRUNCATE live.%I', part);
END
$$;
-- Takes a partition out and puts it back with some rows less, and drops one; before the horizon both may hold late rows.
CREATE FUNCTION fuzz.attach_again(t text, part text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    bound CONSTANT text := (SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c
        WHERE c.oid = format('live.%I', part)::regclass);
BEGIN
    EXECUTE format('ALTER TABLE live.%I DETACH PARTITION live.%I', t, part);
    EXECUTE format('DELETE FROM live.%I WHERE random() < 0.2', part);
    EXECUTE format('ALTER TABLE live.%I ATTACH PARTITION live.%I %s', t, part, bound);
END
$$;
CREATE FUNCTION fuzz.drop(t text, part text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('LOCK TABLE live.%I IN ACCESS EXCLUSIVE MODE', t);
    EXECUTE format('DROP TABLE live.%I', part);
END
$$;
-- A random period; behind a horizon its bounds lie on quarter hours.
CREATE FUNCTION fuzz.random_period(OUT f timestamptz, OUT t timestamptz) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    behind CONSTANT timestamptz := (SELECT max(horizon) FROM reseller_report._latest(NULL::reseller_report.source));
BEGIN
    f := oracle.random_moment('2024-03-01', '100 days');
    t := oracle.random_moment('2024-03-01', '100 days');
    IF f > t THEN SELECT f, t INTO t, f; END IF;
    IF f < behind THEN f := date_bin('15 minutes', f, '2000-01-01'); END IF;
    IF t < behind THEN t := date_bin('15 minutes', t, '2000-01-01') + interval '15 minutes'; END IF;
END
$$;
-- The differences between the reports and the oracle over some random periods.
CREATE FUNCTION fuzz.compare(rounds int) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    r bigint;
    f timestamptz;
    t timestamptz;
BEGIN
    FOR i IN 1 .. rounds LOOP
        r := 1 + floor(random() * 3);
        SELECT * INTO f, t FROM fuzz.random_period();
        IF i % 3 = 0 THEN f := '-infinity'; t := 'infinity'; END IF;
        CONTINUE WHEN f >= t;
        RETURN QUERY SELECT format('reseller %s [%s, %s) %s, %s: %s', r, f, t, d.service, d.side, d.difference)
            FROM oracle.differences(r, f, t, i % 4 = 0) d;
    END LOOP;
END
$$;
-- The differences between a random query of the tables for tools and the oracle, whether the scan groups or the executor.
CREATE FUNCTION fuzz.compare_tables() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    query CONSTANT text := oracle.random_table_query(CASE WHEN random() < 0.01 THEN '{quarter_hourly,hourly}'::text[]
        ELSE '{daily,daily,monthly}' END);
    grouped text;
BEGIN
    FOREACH grouped IN ARRAY '{off,on}'::text[] LOOP
        PERFORM set_config('reseller_report.grouped_scans', grouped, false);
        RETURN QUERY SELECT format('grouped_scans %s: %s: %s', grouped, query, d) FROM oracle.table_differences(query) d;
    END LOOP;
END
$$;
-- The differences between the functions: over a random period, the steps of a series, the totals and the usage of companies add up
-- to the same, and the money and rows of the five reports are those of the usage.
CREATE FUNCTION fuzz.compare_functions() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    r CONSTANT bigint := 1 + floor(random() * 3);
    f timestamptz;
    t timestamptz;
    step CONSTANT text := (ARRAY['hour', 'day', 'week', 'month', 'quarter', 'year'])[1 + floor(random() * 6)::int];
    zone CONSTANT text := (ARRAY[NULL, 'UTC', 'Europe/Moscow', 'Asia/Kolkata'])[1 + floor(random() * 4)::int];
BEGIN
    SELECT * INTO f, t FROM fuzz.random_period();
    IF f >= t THEN RETURN; END IF;
    RETURN QUERY
    WITH usage AS MATERIALIZED (SELECT * FROM reseller_report.usage(r, f, t)),
    totals AS MATERIALIZED (SELECT * FROM reseller_report.totals(r, f, t)),
    series AS MATERIALIZED (SELECT * FROM reseller_report.usage_series(r, f, t, step, in_time_zone => zone)),
    reports AS MATERIALIZED (
        SELECT 'text_messaging' AS service, id, total_price_to_twin AS twin, total_price_to_reseller AS reseller
        FROM reseller_report.text_messaging(r, f, t)
        UNION ALL SELECT 'chat', id, total_price_to_twin, total_price_to_reseller FROM reseller_report.chat(r, f, t)
        UNION ALL SELECT 'telephony_outgoing', id, total_price_to_twin, total_price_to_reseller
        FROM reseller_report.telephony_outgoing(r, f, t)
        UNION ALL SELECT 'telephony_incoming', id, total_price_to_twin, total_price_to_reseller
        FROM reseller_report.telephony_incoming(r, f, t)
        UNION ALL SELECT 'bot', id, total_price_to_twin, total_price_to_reseller FROM reseller_report.bot(r, f, t)),
    said AS (
        SELECT 'usage' AS by, service, sum(events) AS events, sum(delivered) AS delivered, sum(seconds) AS seconds,
            sum(price_to_twin) AS twin, sum(price_to_reseller) AS reseller FROM usage GROUP BY service
        UNION ALL SELECT 'series', service, sum(events), sum(delivered), sum(seconds), sum(price_to_twin), sum(price_to_reseller)
        FROM series GROUP BY service HAVING sum(events) <> 0
        UNION ALL SELECT 'totals', service, events, delivered, seconds, total_price_to_twin, total_price_to_reseller
        FROM totals WHERE events <> 0),
    money AS (
        SELECT 'usage' AS by, service, company_id AS id, sum(price_to_twin) AS twin, sum(price_to_reseller) AS reseller
        FROM usage GROUP BY service, company_id HAVING sum(price_to_twin) <> 0 OR sum(price_to_reseller) <> 0
        UNION ALL SELECT 'reports', service, id, twin, reseller FROM reports WHERE twin <> 0 OR reseller <> 0),
    earning AS (
        SELECT 'totals' AS by, service, companies FROM totals
        UNION ALL SELECT 'reports', s.service, count(*) FILTER (WHERE p.twin > 0) FROM oracle.services() s
        LEFT JOIN reports p ON p.service = s.service GROUP BY s.service)
    SELECT format('reseller %s [%s, %s) by %s in %s: %s', r, f, t, step, zone, difference) FROM (
        SELECT array_agg(by)::text || ' say ' || (service, events, delivered, seconds, twin, reseller)::text AS difference
        FROM said GROUP BY service, events, delivered, seconds, twin, reseller HAVING count(*) <> 3
        UNION ALL SELECT array_agg(by)::text || ' say ' || (service, id, twin, reseller)::text
        FROM money GROUP BY service, id, twin, reseller HAVING count(*) <> 2
        UNION ALL SELECT array_agg(by)::text || ' say ' || (service, companies)::text
        FROM earning GROUP BY service, companies HAVING count(*) <> 2) d;
END
$$;
