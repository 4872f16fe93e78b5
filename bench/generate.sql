-- Seeded data for the benchmarks: the same rows on every run.
CREATE SCHEMA bench;

-- Reseller 1 in UTC+3 with `n` dependent companies, 1001 onwards.
CREATE FUNCTION bench.companies(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO reseller_report.company (company_id, name, is_reseller, time_zone)
        SELECT 1, 'Reseller', true, 'Europe/Moscow'
        UNION ALL SELECT 1000 + i, 'Company number ' || i, false, 'UTC' FROM generate_series(1, n) AS i;
    INSERT INTO reseller_report.dependency (reseller_id, company_id)
        SELECT 1, 1000 + i FROM generate_series(1, n) AS i;
$$;

-- Another reseller, with `n` dependent companies from `first` on.
CREATE FUNCTION bench.reseller(id bigint, first bigint, n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO reseller_report.company (company_id, name, is_reseller)
        SELECT id, 'Reseller ' || id, true
        UNION ALL SELECT first + i, 'Company number ' || first + i, false FROM generate_series(0, n - 1) AS i;
    INSERT INTO reseller_report.dependency (reseller_id, company_id)
        SELECT id, first + i FROM generate_series(0, n - 1) AS i;
$$;

CREATE FUNCTION bench.channel() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT (ARRAY['sms', 'sms', 'viber', 'whatsapp', 'email', 'push'])[1 + floor(random() * 6)::int]
$$;

-- Monthly partitions of usage.text_message, as the materializer would have made them ahead.
CREATE FUNCTION bench.partitions(first timestamptz, months int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamp;
BEGIN
    FOR i IN 0 .. months - 1 LOOP
        month := first AT TIME ZONE 'UTC' + i * interval '1 month';
        EXECUTE format('CREATE TABLE usage.%I PARTITION OF usage.text_message FOR VALUES FROM (%L) TO (%L)',
            to_char(month, '"text_message_"YYYY_MM'), month || '+00', month + interval '1 month' || '+00');
    END LOOP;
END
$$;

-- A year of text messages: every day `per_company` messages of each company that is active on it. `active` is the share of
-- companies that are, drawn anew for each day.
CREATE FUNCTION bench.year(companies int, active float, per_company int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
        SELECT 1000 + c, bench.channel(), day + random() * interval '1 day',
            CASE WHEN random() < 0.9 THEN day + interval '1 day' END,
            round((random() * 5)::numeric, 4), round((random() * 8)::numeric, 4)
        FROM generate_series(timestamptz '2024-01-01 00:00+00', '2024-12-31 00:00+00', '1 day') AS day,
            generate_series(1, companies) AS c, generate_series(1, per_company)
        WHERE abs(hashint8(extract(epoch FROM day)::bigint * 1009 + c)) % 1000 < active * 1000
$$;

-- `events` text messages of `companies` companies, uneven, over `days` days from 2024-01-01 on, in order of time.
CREATE FUNCTION bench.stream(companies int, events int, days float)
    RETURNS TABLE (company_id bigint, channel text, occurred_at timestamptz, delivered_at timestamptz,
        price_twin numeric, price_reseller numeric) LANGUAGE sql VOLATILE AS $$
    SELECT 1001 + floor(companies * power(random(), 2.5))::bigint, bench.channel(),
        timestamptz '2024-01-01 00:00+00' + n * (days / events) * interval '1 day', NULL::timestamptz,
        round((random() * 5)::numeric, 4), round((random() * 8)::numeric, 4)
    FROM generate_series(0, events - 1) AS n
$$;
