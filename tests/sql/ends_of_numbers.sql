-- Ids, amounts, durations and sums at and beyond their ends are exact, or refused with the documented SQLSTATE, and stop nobody
-- else's.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/ends.sql

-- Ids.
INSERT INTO reseller_report.company VALUES (-9223372036854775808, 'Least', true), (9223372036854775807, 'Greatest', false),
    (0, 'Zero', false);
INSERT INTO reseller_report.dependency VALUES (-9223372036854775808, 9223372036854775807), (-9223372036854775808, 0);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (9223372036854775807, '2024-03-01 00:01+00', 3),
    (0, '2024-03-01 00:01+00', 4);
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT id, total_price_to_twin FROM reseller_report.bot(-9223372036854775808, ''-infinity'', ''infinity'')',
    'VALUES (0::bigint, 4.0), (9223372036854775807, 3.0)', 'the ends of ids');

-- Amounts.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT 19, '2024-03-01 00:01+00', 999999999.999999
    FROM generate_series(1, 10000);
SELECT reseller_report.materialize() \g /dev/null
SELECT lives_ok('UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 19',
    'a company with figures beyond 64 bits moves');
SELECT oracle.agrees('its figures move with it');
CREATE TABLE calls (company_id int, direction text, occurred_at timestamptz, duration_seconds bigint, price_twin numeric(15,6),
    price_reseller numeric(15,6));
DELETE FROM usage.bot_message;
CALL reseller_report.rebuild('usage.bot_message');
CREATE TABLE amount (company_id bigint, occurred_at timestamptz DEFAULT '2024-03-01', billable boolean DEFAULT true,
    price_twin numeric(1000,6), price_reseller numeric(1000,6));
SELECT reseller_report.attach_source('bot', 'amount') \g /dev/null
SELECT throws_ok(format('INSERT INTO amount (company_id, %I) VALUES (11, %L)', c, v), '22003', message, c || ' ' || left(v, 30))
FROM unnest(ARRAY['price_twin', 'price_reseller']) AS c, (VALUES ('NaN', 'not a number'), ('Infinity', NULL), ('-Infinity', NULL),
    ('1e131071', NULL), ('1e994', NULL), ('1e993', 'large'), ('-1e993', 'large'), ('1e12', 'large'),
    ('1000000000', 'large'), ('-1000000000', 'large'), ('999999999.9999995', 'large'),
        ('-999999999.9999995', 'large')) AS bad (v, kind),
    LATERAL (SELECT CASE kind WHEN 'large' THEN format('column "%s" of table "amount" holds an amount of 10^9 or more', c)
        WHEN 'not a number' THEN format('column "%s" of table "amount" holds an amount that is not a number',
            c) END) AS m (message);
INSERT INTO amount (company_id, price_twin, price_reseller) SELECT 11, v, -v
    FROM unnest(ARRAY['999999999.9999994', '-999999999.9999994', '0.0000004', '0.0000005', '-0.0000004', '-0.0000005', '1e-900',
        '0', '-0', '123456789.0000014999',
    '1e-6', '9999.9999995', NULL]::numeric[]) v;
SELECT results_eq('SELECT total_price_to_twin, total_price_to_reseller FROM reseller_report.bot(1, ''-infinity'', ''infinity'') '
    'WHERE id = 11', 'SELECT sum(price_twin), sum(price_reseller) FROM amount', 'amounts are those that the column holds');
SELECT pg_temp.folded();
CREATE TABLE coin (company_id smallint, occurred_at timestamptz DEFAULT '2024-03-02', billable boolean DEFAULT true, cents bigint,
    price_reseller int);
SELECT throws_ok(format('SELECT reseller_report.attach_source(''bot'', ''coin'', ''{"price_twin": {"column": "cents", '
    '"unit": %s}}'')', unit), '22023', 'the unit of column "cents" must be a positive amount with at most 6 decimals', 'unit '
        || left(unit, 20))
FROM unnest(ARRAY['0', '"0.000000"', '-1', '"NaN"', '"Infinity"', '1e9', '1e300', '0.0000001', '"0.01 "', '" 0.01"', '"0x1"',
    '[0.01]', '{"a": 1}', '""', '"٣"', 'true', '"1\n"', '"' || repeat('1', 1000000) || '"']) AS unit;
SELECT reseller_report.attach_source('bot', 'coin',
    '{"price_twin": {"column": "cents", "unit": "0.01"}, "price_reseller": {"column": "price_reseller", '
    '"unit": 999999999.999999}}') \g /dev/null
SELECT throws_ok(format('INSERT INTO coin (company_id, cents, price_reseller) VALUES (%s)', v), '22003', NULL, v)
    FROM unnest(ARRAY['11, 9223372036854775807, 0', '11, -9223372036854775808, 0', '11, 100000000000, 0', '11, -100000000000, 0',
        '11, 0, 2', '11, 0, -2147483648']) AS v;
INSERT INTO coin (company_id, cents, price_reseller) VALUES (12, 99999999999, 1), (12, -1, -1), (13, -99999999999, -1),
    (-32768, 1, 0), (32767, 1, 0);
SELECT results_eq('SELECT id, total_price_to_twin, total_price_to_reseller '
    'FROM reseller_report.bot(1, ''2024-03-02'', ''2024-03-03'') WHERE id IN (12, 13)',
        'VALUES (12::bigint, 999999999.98, 0.0), (13, -999999999.99, -999999999.999999)', 'whole numbers of a unit');
SELECT pg_temp.folded();

-- Durations, and sums beyond 64 bits: in a change, a bucket, a fold and a report. The key is named, and all others are folded.
SELECT reseller_report.attach_source('telephony', 'calls') \g /dev/null
SELECT throws_ok('INSERT INTO calls VALUES (16, ''outgoing'', now(), -9223372036854775808, 0, 0)', '22003', NULL,
    'a duration beyond 10^15 seconds is refused');
CREATE TABLE plain (occurred_at timestamptz DEFAULT '2024-03-03', direction text DEFAULT 'incoming', took bigint, n int DEFAULT 0);
SELECT reseller_report.attach_source('telephony', 'plain',
    '{"company_id": "n", "duration_seconds": "took", "price_twin": {"value": 0}, "price_reseller": {"value": 0}}') \g /dev/null
SELECT throws_ok(format('INSERT INTO plain (took, n) VALUES (%s, 14)', v), '22003',
    'column "took" of table "plain" holds a duration of 10^15 seconds or more', v)
        FROM unnest(ARRAY['1000000000000000', '-1000000000000000', '9223372036854775807', '-9223372036854775808']) AS v;
INSERT INTO plain (took, n) SELECT 999999999999999, 14 FROM generate_series(1, 9224);
INSERT INTO plain (took, n) VALUES (7, 15), (-999999999999999, 16);
SELECT throws_ok('SELECT * FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'')', '22003',
    '"total_duration_seconds" of company 14 exceeds the range of bigint', 'a figure beyond its type is named');
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT DISTINCT company_id, set_aside FROM oracle.runs', 'VALUES (14::bigint, true)',
    'a sum beyond 64 bits is set aside, and all else folded');
SELECT throws_ok('SELECT * FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'')', '22003',
    '"total_duration_seconds" of company 14 exceeds the range of bigint', 'folded, too');
SELECT results_eq('SELECT id, total_duration_seconds FROM reseller_report.telephony_outgoing(1, ''-infinity'', ''infinity'') '
    'WHERE id = 14', 'VALUES (14::bigint, 0::bigint)', 'other reports of the company go on');
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''plain'', ''-infinity'', ''infinity'')', '22003',
    'the figures of company 14 exceed 64 bits', 'a rebuild names the company');
DELETE FROM plain WHERE ctid IN (SELECT ctid FROM plain WHERE n = 14 LIMIT 2);
SELECT results_eq('SELECT id, calls, total_duration_seconds '
    'FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'') WHERE calls > 0',
        'SELECT n::bigint, count(*), sum(took)::bigint FROM plain GROUP BY n ORDER BY n', 'what fits again is exact');
SELECT pg_temp.folded();
SELECT reseller_report.rebuild_slice('plain', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT count(*) FROM reseller_report.usage_run WHERE set_aside), 0::bigint, 'a rebuild leaves nothing set aside');
SELECT results_eq('SELECT id, calls, total_duration_seconds '
    'FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'') WHERE calls > 0',
        'SELECT n::bigint, count(*), sum(took)::bigint FROM plain GROUP BY n ORDER BY n', 'all is summed up after the rebuild');
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    SELECT 17, c, '2024-03-04', 999999999.999999, -999999999.999999 FROM unnest(ARRAY['sms', 'viber', 'email']) c,
        generate_series(1, 9200);
SELECT results_eq('SELECT price_sms, price_viber, price_email, total_price_to_twin, total_price_to_reseller '
    'FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'') WHERE id = 17',
    $$SELECT s, s, s, 3 * s, -3 * s FROM (SELECT sum(price_twin) FROM usage.text_message WHERE channel = 'sms') AS x (s)$$,
        'items that fit in 64 bits each, whose total does not');
SELECT pg_temp.folded();
SELECT is((SELECT total_price_to_twin FROM reseller_report.text_messaging(1, '-infinity', 'infinity') WHERE id = 17),
    (SELECT sum(price_twin) FROM usage.text_message), 'folded, too');
SELECT results_eq('SELECT id FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'', true)', 'VALUES (17::bigint)',
    'such a total is an expense');
DELETE FROM usage.text_message;
SELECT reseller_report.materialize() \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.materialize(' || n || ')', state, NULL, 'materialize ' || n)
    FROM (VALUES ('NULL', '22004'), ('0', '22023'), ('-2147483648', '22023')) AS v (n, state);
SELECT lives_ok('SELECT * FROM reseller_report.materialize(2147483647)', 'materialize takes as many changes as there can be');
-- What is set aside holds a company several times.
INSERT INTO plain (occurred_at, took, n)
    SELECT '2024-05-03', 999999999999999, n FROM generate_series(14, 18) n, generate_series(1, 9224);
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT company_id, sum(events) FROM reseller_report.daily_usage '
    'WHERE day >= ''2024-05-01'' AND company_id IN (14, 15) GROUP BY 1 ORDER BY 1',
    'VALUES (14::bigint, 9224::numeric), (15, 9224)', 'all its parts count in the tables');
SELECT * FROM finish();
