-- A rebuild of more cells than it has memory for sorts them on disk, and sets the same summaries as one that has enough.
SELECT no_plan();
SET client_min_messages = error;
SET reseller_report.largest_packed_day = 1000;
INSERT INTO reseller_report.company SELECT n, 'Company ' || n, n <= 3 FROM generate_series(1, 700) n;
-- Reseller 1 has large days, which are in the levels; reseller 2 has small ones, which are packed; reseller 3 is left by a company.
INSERT INTO reseller_report.dependency SELECT CASE WHEN n <= 690 THEN 1 ELSE 2 END, n FROM generate_series(4, 698) n;
INSERT INTO reseller_report.dependency VALUES (3, 699, '(,2024-03-02 00:00+00)'), (2, 699, '[2024-03-02 00:00+00,)');
SELECT reseller_report.detach_source('usage.text_message') \g /dev/null
-- Those of company 699 come first, and so do not wait until all rows are read.
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
    SELECT 699, 'sms', timestamptz '2024-03-01 00:00+00' + n * interval '1 hour', 1 FROM generate_series(0, 47) n;
INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
    SELECT n % 690 + 4, (ARRAY['sms', 'viber', 'push'])[1 + n / 690 % 3],
        timestamptz '2024-03-01 00:00+00' + n / 690 % 160 * interval '18 minutes', NULL::timestamptz, n % 7 * 0.000001, 0.25
    FROM generate_series(0, 220799) n;
SELECT reseller_report.attach_source('text_messaging', 'usage.text_message') \g /dev/null
CREATE FUNCTION pg_temp.summaries() RETURNS TABLE (line text) LANGUAGE sql AS $$
    SELECT format('quarter %s', q) FROM reseller_report.usage_quarter q UNION ALL
    SELECT format('hour %s', h) FROM reseller_report.usage_hour h UNION ALL
    SELECT format('day %s', d) FROM reseller_report.usage_day d UNION ALL
    SELECT format('month %s', m) FROM reseller_report.usage_month m UNION ALL
    SELECT format('year %s', y) FROM reseller_report.usage_year y UNION ALL
    SELECT format('packed %s', p) FROM reseller_report.usage_packed p
$$;
CREATE FUNCTION pg_temp.temporary_bytes() RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot();
    SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()
$$;
SET maintenance_work_mem = '1MB';
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null
SELECT oracle.agrees('rebuilt in little memory');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verify');
SELECT cmp_ok(pg_temp.temporary_bytes(), '>', 1000000::bigint, 'on disk');
CREATE TABLE little AS SELECT * FROM pg_temp.summaries();
SELECT cmp_ok((SELECT count(*) FROM little WHERE line LIKE 'packed%'), '>', 0::bigint, 'some days are packed');
SELECT cmp_ok((SELECT count(*) FROM little WHERE line LIKE 'quarter%'), '>', 0::bigint, 'some days are in levels');

-- Whatever stands there before.
SET maintenance_work_mem = '64MB';
DELETE FROM reseller_report.usage_hour WHERE item = 1;
UPDATE reseller_report.usage_day SET sum_events = 0;
DELETE FROM reseller_report.usage_packed;
INSERT INTO reseller_report.usage_year SELECT source, 3, item, bucket, company_gaps, events, delivered, seconds, price_twin,
    price_reseller, sum_events, sum_delivered, sum_seconds, sum_price_twin, sum_price_reseller FROM reseller_report.usage_month
    ON CONFLICT DO NOTHING;
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null
SELECT set_eq('SELECT * FROM pg_temp.summaries()', 'SELECT * FROM little', 'with enough memory, over wrong summaries');
SELECT reseller_report.rebuild_slice('usage.text_message', '2024-03-01 00:00+00', '2024-03-02 00:00+00'),
    reseller_report.rebuild_slice('usage.text_message', '2024-03-02 00:00+00', '2024-03-03 00:00+00') \g /dev/null
SELECT set_eq('SELECT * FROM pg_temp.summaries()', 'SELECT * FROM little', 'and day by day');

-- Usage is attributed by the dependencies that the transaction sees, though the rows are those of others.
BEGIN;
SELECT reseller_report.move_company(699, 3, '2024-03-02 00:00+00') \g /dev/null
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) VALUES (699, 'sms', '2024-03-02 05:00+00', 1);
SELECT reseller_report.rebuild_slice('usage.text_message', '-infinity', 'infinity') \g /dev/null
SELECT oracle.agrees('moved and written in the same transaction');
ROLLBACK;
SELECT oracle.agrees('rolled back');
SELECT * FROM finish();
