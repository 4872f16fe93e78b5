-- Branches that ordinary use never takes: triggers made by hand, values stored out of line, sums that leave 64 bits and come back,
-- and damaged summaries.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (11, 'Eleven', false),
    (12, 'Twelve', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);

-- A capture trigger that was made by hand captures nothing, and says so at the first row.
CREATE TABLE plain (company_id bigint, occurred_at timestamptz);
CREATE FUNCTION pg_temp.by_hand(definition text, message text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE TRIGGER by_hand ' || definition;
    RETURN NEXT throws_ok('INSERT INTO plain VALUES (11, now())', '39P01', message, definition);
    DROP TRIGGER by_hand ON plain;
END
$$;
SELECT pg_temp.by_hand(definition, message) FROM (VALUES
    ('AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION reseller_report._capture()',
        'reseller_report''s capture trigger was created by hand'),
    ('AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION reseller_report._capture('''')',
        'reseller_report''s capture trigger was created by hand'),
    ('AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(''12x'')',
        'reseller_report''s capture trigger was created by hand'),
    ('AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(''99999999999999999999'')',
        'reseller_report''s capture trigger was created by hand'),
    ('BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(''1'')',
        'reseller_report._capture must be fired after each row'),
    ('AFTER INSERT ON plain FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._capture(''1'')',
        'reseller_report._capture must be fired after each row')) AS v (definition, message);
SELECT throws_ok('SELECT reseller_report._capture()', '39P01', 'reseller_report._capture must be called as a trigger',
    'it is no function to call');
SELECT throws_ok($$SELECT reseller_report.attach_source('bot', 999999::regclass)$$, '42P01',
    'relation with OID 999999 does not exist', 'a table that is none');

-- Verify names every item of every service.
INSERT INTO usage.text_message (company_id, channel, occurred_at) SELECT 11, c, '2024-03-01 00:00+00'
    FROM unnest(ARRAY['sms', 'viber', 'whatsapp', 'email', 'push']) c;
INSERT INTO usage.chat_message (company_id, sender, via_alice, occurred_at) SELECT 11, s, a, '2024-03-01 00:00+00'
    FROM unnest(ARRAY['operator', 'bot', 'user']) s, unnest(ARRAY[true, false]) a;
INSERT INTO usage.phone_call (company_id, direction, occurred_at) SELECT 11, d, '2024-03-01 00:00+00'
    FROM unnest(ARRAY['outgoing', 'incoming']) d;
INSERT INTO usage.bot_message (company_id, billable, occurred_at) SELECT 11, b, '2024-03-01 00:00+00'
    FROM unnest(ARRAY[true, false]) b;
SELECT reseller_report.materialize() \g /dev/null
BEGIN;
DELETE FROM reseller_report.usage_quarter;
SELECT set_eq($$SELECT service, item, figure, raw, summary FROM reseller_report.verify('-infinity', 'infinity')
    WHERE figure = 'events'$$,
    $$SELECT s, i, 'events' AS f, 1::bigint AS r, 0::bigint AS h
        FROM (VALUES ('text_messaging', ARRAY['sms', 'viber', 'whatsapp', 'email', 'push']),
        ('chat', ARRAY['operator', 'bot', 'user', 'operator_alice', 'bot_alice', 'user_alice']),
        ('telephony_outgoing', ARRAY['outgoing_call']),
        ('telephony_incoming', ARRAY['incoming_call']), ('bot', ARRAY['billable', 'free'])) v (s, items), unnest(items) i$$,
            'verify names every item');
SELECT results_eq(format($$SELECT count(DISTINCT item) FROM reseller_report.verify('-infinity', 'infinity', %L)$$, s), ARRAY[n], s
    || ' alone')
    FROM (VALUES ('text_messaging', 5::bigint), ('chat', 6), ('telephony_outgoing', 1), ('telephony_incoming', 1),
        ('bot', 2)) v (s, n);
ROLLBACK;

-- Prices that are stored out of line are read as they are.
CREATE TABLE wide (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(1000,6),
    price_reseller integer, filler text);
ALTER TABLE wide ALTER price_twin SET STORAGE EXTERNAL, ALTER filler SET STORAGE PLAIN;
SELECT reseller_report.attach_source('bot', 'wide') \g /dev/null
SELECT throws_ok($$INSERT INTO wide VALUES (11, '2024-03-02 00:00+00', true, repeat('9', 900)::numeric, 0, repeat('x', 1800))$$,
    '22003',
    'column "price_twin" of table "wide" holds an amount of 10^9 or more', 'an amount that is stored out of line');
SELECT lives_ok($$INSERT INTO wide VALUES (11, '2024-03-02 00:00+00', true, 7.000001, 0, repeat('x', 1800))$$, 'beside others');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-03-02', '2024-03-03')), 7.000001, 'that count');

-- Sums that leave 64 bits from one summary row to the next, up and down.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, price_reseller) SELECT 11, timestamptz '2020-06-01 00:00+00'
    + y * interval '1 year', 999999999.999999, -999999999.999999
    FROM generate_series(1, 9200) n, generate_series(0, 2) y;
SELECT is((SELECT deltas FROM reseller_report.materialize()), 8::bigint, 'all of it is folded and merged');
SELECT is((SELECT (total_price_to_twin, total_price_to_reseller)
    FROM reseller_report.bot(1, '2020-01-01 00:00+00', '2023-01-01 00:00+00')),
    (27600 * 999999999.999999, -27600 * 999999999.999999), 'three years');
SELECT is((SELECT (total_price_to_twin, total_price_to_reseller)
    FROM reseller_report.bot(1, '2020-06-02 00:00+00', '2023-01-01 00:00+00')),
    (18400 * 999999999.999999, -18400 * 999999999.999999), 'less than three, by way of three');
SELECT is((SELECT (total_price_to_twin, total_price_to_reseller)
    FROM reseller_report.bot(1, '2020-06-02 00:00+00', '2021-06-01 00:00+00')),
    (0.000000, 0.000000), 'nothing, by way of two');
SELECT throws_ok($$SELECT * FROM reseller_report.prune('wide', '2024-04-01 00:00+00')$$, '0A000', NULL,
    'a plain table is not pruned');

-- Nobody's usage beyond 64 bits cannot be kept, and so is not pruned.
CREATE TABLE parted (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE parted_01 PARTITION OF parted FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'parted') \g /dev/null
INSERT INTO parted (company_id, occurred_at, price_twin) SELECT 12, '2024-01-05 00:00+00', 999999999.999999
    FROM generate_series(1, 9300);
SELECT reseller_report.materialize() \g /dev/null
SELECT throws_ok($$SELECT * FROM reseller_report.prune('parted', '2024-02-01 00:00+00')$$, '22003',
    'the figures of company 12 exceed 64 bits', 'usage of nobody that would be lost');
SELECT has_table('parted_01'::name);

-- A summary row that was damaged by hand is told, and stops what would build on it; rebuild mends it.
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, '2024-03-01 00:00+00');
BEGIN;
SAVEPOINT a;
UPDATE reseller_report.usage_quarter SET company_gaps = '{{11},{12}}';
SELECT throws_ok($$SELECT * FROM reseller_report.materialize()$$, 'XX000', 'a summary row holds a malformed array', 'a fold');
ROLLBACK TO a;
UPDATE reseller_report.usage_quarter SET company_gaps = ARRAY[NULL]::bigint[];
SELECT throws_ok($$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$$, 'XX000',
    'a summary row holds a malformed array', 'a look');
ROLLBACK TO a;
UPDATE reseller_report.usage_quarter SET events = '{1,2}';
SELECT throws_ok($$SELECT * FROM reseller_report.bot(1, '2024-03-01 00:00+00', '2024-03-01 00:15+00')$$, 'XX000',
    'a summary row holds arrays of different lengths', 'a report');
ROLLBACK;
SELECT is((SELECT deltas FROM reseller_report.materialize()), 2::bigint, 'undone, the fold goes on');
SELECT * FROM finish();
