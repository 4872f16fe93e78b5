-- After tests/fuzz/prepare.sql: what each permutation begins with, and what must hold at every moment of it.
SET client_min_messages = warning;
CREATE SCHEMA isolation;

-- Tables, partitions and sources as they were: nothing pruned, built for all time.
CREATE FUNCTION isolation.define() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    PERFORM reseller_report.detach_source(source) FROM reseller_report.sources();
    DROP TABLE live.text_message, live.chat_message, live.phone_call, live.bot_message CASCADE;
    DELETE FROM live.old_bot;
    PERFORM reseller_report.create_usage_tables('live');
    PERFORM reseller_report.attach_source('bot', 'live.old_bot',
        '{"company_id": "firm", "billable": {"column": "plan", "values": {"1": true, "2": false, "3": null}},
        "occurred_at": {"column": "at", "time_zone": "-02:00"}, "price_twin": {"column": "cents", "unit": "0.01"},
        "price_reseller": "earned", "only": {"state": ["done", null]}}');
    FOREACH t IN ARRAY ARRAY['text_message', 'chat_message', 'phone_call'] LOOP
        EXECUTE format('TRUNCATE archive.%I', t);
        EXECUTE format('CREATE OR REPLACE VIEW usage.%1$I AS TABLE archive.%1$I UNION ALL TABLE live.%1$I', t);
    END LOOP;
    TRUNCATE archive.bot_message;
    CREATE VIEW usage.bot_message AS
        SELECT company_id, occurred_at, billable, price_twin, price_reseller FROM archive.bot_message
        UNION ALL SELECT company_id, occurred_at, billable, price_twin, price_reseller FROM live.bot_message
        UNION ALL SELECT firm, (at + interval '2 hours') AT TIME ZONE 'UTC', plan = 1, coalesce(cents, 0) * 0.01,
            coalesce(earned, 0) FROM live.old_bot
            WHERE plan <> 3 AND (state = 'done' OR state IS NULL);
END
$$;
-- No usage, and companies as they were.
CREATE FUNCTION isolation.clear() RETURNS void LANGUAGE sql AS $$
    DELETE FROM live.text_message;
    DELETE FROM live.chat_message;
    DELETE FROM live.phone_call;
    DELETE FROM live.bot_message;
    DELETE FROM live.old_bot;
    DELETE FROM reseller_report.dependency;
    INSERT INTO reseller_report.dependency
        SELECT 1 + n % 3, n, CASE n % 3 WHEN 0 THEN tstzrange('2024-02-10', NULL) ELSE '(,)' END FROM generate_series(11, 20) n
$$;
CREATE FUNCTION isolation.events() RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.text_message (company_id, channel, occurred_at, price_twin)
        SELECT 11 + n % 10, 'sms', timestamptz '2024-02-01' + n * interval '31 hours', n FROM generate_series(1, 30) n;
    INSERT INTO live.chat_message (company_id, sender, via_alice, occurred_at, price_twin)
        SELECT 11 + n % 10, 'bot', n % 2 = 0, timestamptz '2024-02-01' + n * interval '57 hours', n FROM generate_series(1, 15) n;
    INSERT INTO live.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin)
        SELECT 11 + n % 10, 'outgoing', timestamptz '2024-02-01' + n * interval '57 hours', n, n FROM generate_series(1, 15) n;
    INSERT INTO live.old_bot SELECT 11 + n % 10, 1 + n % 2, timestamp '2024-02-01' + n * interval '57 hours', n, n, 'done'
        FROM generate_series(1, 15) n
$$;
-- What a writer does: new rows, a receipt, a move to another day and company, a deletion, and what it takes back. Two writers touch
-- different rows.
CREATE FUNCTION isolation.write(writer int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM isolation.events();
    UPDATE live.text_message SET delivered_at = now() WHERE price_twin = writer;
    UPDATE live.text_message SET occurred_at = '2024-03-15', company_id = 12 WHERE price_twin = 2 + writer;
    DELETE FROM live.chat_message WHERE price_twin = 4 + writer;
    BEGIN
        PERFORM isolation.events();
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        UPDATE live.old_bot SET cents = cents + 1 WHERE earned = writer;
    END;
END
$$;
-- The differences between reports and oracle in the snapshot of the statement.
CREATE FUNCTION isolation.differences() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM (VALUES (1, timestamptz '-infinity', timestamptz 'infinity'), (2, '-infinity', 'infinity'),
        (3, '-infinity', 'infinity'),
        (2, '2024-02-08', '2024-03-20 10:17:31')) p (r, f, t), oracle.differences(p.r, p.f, p.t)
$$;
-- The same at the end of a permutation: before a fold, after it, and with what verify finds.
CREATE FUNCTION isolation.differences_at_the_end() RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    found bigint[] := ARRAY[isolation.differences()];
BEGIN
    PERFORM reseller_report.materialize();
    RETURN found || isolation.differences() || (SELECT count(*) FROM reseller_report.verify('-infinity', 'infinity'));
END
$$;
