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
    SELECT company_id, occurred_at, billable, price_twin, price_reseller FROM archive.bot_message
    UNION ALL SELECT company_id, occurred_at, billable, price_twin, price_reseller FROM live.bot_message
    UNION ALL SELECT firm, (at + interval '2 hours') AT TIME ZONE 'UTC', plan = 1, coalesce(cents, 0) * 0.01, coalesce(earned, 0)
        FROM live.old_bot
        WHERE plan <> 3 AND (state = 'done' OR state IS NULL);
SELECT random_usage.companies();

CREATE SCHEMA fuzz;
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
-- The differences over some random periods; behind a horizon their bounds lie on quarter hours.
CREATE FUNCTION fuzz.compare(rounds int) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    behind CONSTANT timestamptz := (SELECT max(horizon) FROM reseller_report._latest(NULL::reseller_report.source));
    r bigint;
    f timestamptz;
    t timestamptz;
BEGIN
    FOR i IN 1 .. rounds LOOP
        r := 1 + floor(random() * 3);
        f := oracle.random_moment('2024-03-01', '100 days');
        t := oracle.random_moment('2024-03-01', '100 days');
        IF f > t THEN SELECT f, t INTO t, f; END IF;
        IF f < behind THEN f := date_bin('15 minutes', f, '2000-01-01'); END IF;
        IF t < behind THEN t := date_bin('15 minutes', t, '2000-01-01') + interval '15 minutes'; END IF;
        IF i % 3 = 0 THEN f := '-infinity'; t := 'infinity'; END IF;
        CONTINUE WHEN f >= t;
        RETURN QUERY SELECT format('reseller %s [%s, %s) %s, %s: %s', r, f, t, d.service, d.side, d.difference)
            FROM oracle.differences(r, f, t, i % 4 = 0) d;
    END LOOP;
END
$$;
