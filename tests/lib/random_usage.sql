-- Random usage of the four tables, over 75 days around 2024-03-01, and companies of some resellers; seeded by the caller.
CREATE SCHEMA random_usage;

CREATE FUNCTION random_usage.moment() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT timestamptz '2024-03-01 00:00+00' + (random() - 0.5) * interval '75 days'
$$;

CREATE FUNCTION random_usage.price() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN random() < 0.2 THEN 0 WHEN random() < 0.1 THEN -round((random() * 5)::numeric, 6)
        ELSE round((random() * 100)::numeric, 6) END
$$;

-- Resellers 1, 2, 3; companies 11 to 40, of which 11 to 30 belong to one of them, some only for a time.
CREATE FUNCTION random_usage.companies() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO reseller_report.company
        SELECT n, 'Reseller ' || n, true FROM generate_series(1, 3) n
        UNION ALL SELECT n, 'Company ' || n, false FROM generate_series(11, 40) n;
    INSERT INTO reseller_report.dependency
        SELECT 1 + n % 3, n, CASE n % 4
            WHEN 0 THEN tstzrange(date_bin('15 minutes', random_usage.moment(), '2000-01-01'), NULL)
            WHEN 1 THEN tstzrange(NULL, date_bin('15 minutes', random_usage.moment(), '2000-01-01'))
            ELSE '(,)' END
        FROM generate_series(11, 30) n;
END
$$;

-- `n` events of each table.
CREATE FUNCTION random_usage.events(n int) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
        SELECT 11 + random() * 29, (ARRAY['sms', 'viber', 'whatsapp', 'email', 'push'])[1 + floor(random() * 5)],
            random_usage.moment(), CASE WHEN random() < 0.3 THEN now() END, random_usage.price(), random_usage.price()
        FROM generate_series(1, n);
    INSERT INTO usage.chat_message (company_id, sender, via_alice, occurred_at, price_twin, price_reseller)
        SELECT 11 + random() * 29, (ARRAY['operator', 'bot', 'user'])[1 + floor(random() * 3)], random() < 0.3,
            random_usage.moment(), random_usage.price(), random_usage.price()
        FROM generate_series(1, n);
    INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
        SELECT 11 + random() * 29, (ARRAY['outgoing', 'incoming'])[1 + floor(random() * 2)],
            random_usage.moment(), random() * 1000, random_usage.price(), random_usage.price()
        FROM generate_series(1, n);
    INSERT INTO usage.bot_message (company_id, occurred_at, billable, price_twin, price_reseller)
        SELECT 11 + random() * 29, random_usage.moment(), random() < 0.7, random_usage.price(), random_usage.price()
        FROM generate_series(1, n);
END
$$;

-- Changes of what is there: receipts, deletions, and updates that move time, company and channel; and moved companies.
CREATE FUNCTION random_usage.changes() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE usage.text_message SET delivered_at = now() WHERE delivered_at IS NULL AND random() < 0.1;
    UPDATE usage.text_message SET delivered_at = NULL WHERE random() < 0.02;
    UPDATE usage.text_message SET occurred_at = random_usage.moment() WHERE random() < 0.03;
    UPDATE usage.text_message SET channel = 'email', company_id = 11 + random() * 29 WHERE random() < 0.03;
    UPDATE usage.chat_message SET via_alice = NOT via_alice, price_twin = -price_twin WHERE random() < 0.03;
    UPDATE usage.phone_call SET direction = 'incoming', duration_seconds = duration_seconds + 7 WHERE random() < 0.03;
    UPDATE usage.bot_message SET billable = NOT billable WHERE random() < 0.03;
    DELETE FROM usage.text_message WHERE random() < 0.02;
    DELETE FROM usage.chat_message WHERE random() < 0.02;
    DELETE FROM usage.phone_call WHERE random() < 0.02;
    DELETE FROM usage.bot_message WHERE random() < 0.02;
    PERFORM random_usage.companies_moved();
END
$$;

CREATE FUNCTION random_usage.companies_moved() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    since timestamptz;
BEGIN
    FOR i IN 1 .. 3 LOOP
        since := date_bin('15 minutes', random_usage.moment(), '2000-01-01');
        PERFORM reseller_report.move_company(11 + floor(random() * 30)::bigint,
            CASE WHEN random() < 0.8 THEN 1 + floor(random() * 3)::bigint END, since);
    END LOOP;
END
$$;
