-- Amounts pass through exactly: every stored form of numeric in, every sum out, with six decimals.
SELECT no_plan();
SELECT setseed(0.7) \g /dev/null
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true);
CREATE TABLE amount (id bigint PRIMARY KEY, price numeric(15,6));
INSERT INTO amount
    SELECT row_number() OVER (), price FROM (
        SELECT sign * power(10::numeric, exponent) * digit AS price
            FROM generate_series(-6, 8) AS exponent, (VALUES (1), (5), (9)) AS d (digit), (VALUES (1), (-1)) AS s (sign)
        UNION ALL SELECT round((random() * power(10, random() * 9))::numeric * CASE WHEN random() < 0.5 THEN 1 ELSE -1 END,
            (random() * 6)::int)
            FROM generate_series(1, 3000)
        UNION ALL VALUES (0), (999999999.999999), (-999999999.999999), (0.000001), (-0.000001), (0.0001), (0.00001), (10000),
            (9999.9999), (100000000.000001)) AS a (price)
    WHERE abs(price) < 1000000000;
INSERT INTO reseller_report.company (company_id, name) SELECT 1000 + id, 'A' FROM amount;
INSERT INTO reseller_report.dependency SELECT 1, 1000 + id FROM amount;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, price_reseller) SELECT 1000 + id, '2024-03-01', price, -price
    FROM amount;
SELECT is_empty('SELECT r.*, a.price FROM amount a JOIN reseller_report.bot(1, ''-infinity'', ''infinity'') r ON r.id = 1000 + a.id
    WHERE r.total_price_to_twin <> a.price OR r.total_price_to_reseller <> -a.price
        OR r.total_price_to_twin::text <> a.price::text
            OR r.total_price_to_twin::text <> r.total_price_to_twin::numeric(20,6)::text', 'from deltas');
SELECT * FROM reseller_report.materialize() \g /dev/null
SELECT is_empty('SELECT r.*, a.price FROM amount a JOIN reseller_report.bot(1, ''-infinity'', ''infinity'') r ON r.id = 1000 + a.id
    WHERE r.total_price_to_twin <> a.price OR r.total_price_to_reseller <> -a.price
        OR r.total_price_to_twin::text <> a.price::text', 'from summaries');
SELECT is_empty('SELECT r.*, a.price FROM amount a '
    'JOIN reseller_report.bot(1, ''2024-02-29 23:59'', ''2024-03-01 00:01'') r ON r.id = 1000 + a.id
    WHERE r.total_price_to_twin <> a.price OR r.total_price_to_reseller <> -a.price', 'from raw rows');
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '-infinity', 'infinity')), (SELECT sum(price) FROM amount),
    'results are numerics that the server can reckon with');
SELECT is((SELECT to_jsonb(total_price_to_twin)::text FROM reseller_report.bot(1, '-infinity', 'infinity') r
    JOIN amount a ON r.id = 1000 + a.id WHERE a.price = 0 LIMIT 1), '0.000000', 'six decimals in JSON');
CREATE TEMP TABLE stored AS SELECT * FROM reseller_report.bot(1, '-infinity', 'infinity');
SELECT is_empty('TABLE stored EXCEPT ALL SELECT * FROM reseller_report.bot(1, ''-infinity'', ''infinity'')',
    'and can be stored and sorted');

-- Numerics with a long header, as other tables may hold them, and in a column with fewer decimals or none.
CREATE TABLE plain_amount (company_id bigint, occurred_at timestamptz DEFAULT '2024-04-01', billable boolean DEFAULT true,
    price_twin numeric(12,0), price_reseller numeric(4,-3));
INSERT INTO plain_amount (company_id, price_twin, price_reseller) SELECT 1001, 123456789, 1999000 FROM generate_series(1, 3);
SELECT reseller_report.attach_source('bot', 'plain_amount') \g /dev/null
SELECT results_eq('SELECT total_price_to_twin, total_price_to_reseller FROM reseller_report.bot(1, ''2024-04-01'', ''2024-04-02'') '
    'WHERE id = 1001', 'VALUES (370370367::numeric, 5997000::numeric)', 'fewer decimals');
SELECT * FROM finish();
