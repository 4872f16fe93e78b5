-- totals() equals SQL over raw rows, whatever is folded, and refuses what reports refuse.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
SELECT setseed(0.11) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(300); END $$;
CREATE FUNCTION pg_temp.right(label text) RETURNS text LANGUAGE sql AS $$
    SELECT oracle.alike('SELECT * FROM reseller_report.totals($1, $2, $3)', 'SELECT * FROM oracle.totals($1, $2, $3)', label)
$$;

SELECT pg_temp.right('nothing folded');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'all is folded');
SELECT pg_temp.right('folded');
BEGIN;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(30); END $$;
SELECT pg_temp.right('own changes');
COMMIT;
SELECT pg_temp.right('changes wait');
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), '2024-02-20 00:00+00', '2024-03-03 00:00+00',
    'a test'
    FROM reseller_report.source;
SELECT pg_temp.right('days that are not built');

-- All time, and resellers that have nothing.
SELECT results_eq('SELECT * FROM reseller_report.totals(1, ''-infinity'', ''infinity'')',
    'SELECT * FROM oracle.totals(1, ''-infinity'', ''infinity'')', 'all time');
INSERT INTO reseller_report.company VALUES (4, 'No companies', true);
SELECT results_eq('SELECT * FROM reseller_report.totals(4, ''2024-01-01'', ''2024-05-01'')',
    'SELECT service, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0.000000, 0.000000 FROM oracle.services()',
    'a reseller without companies has zeros');
SELECT is((SELECT string_agg(total_price_to_twin::text || ' ' || total_price_to_reseller::text, ', ')
    FROM reseller_report.totals(4, '2024-01-01', '2024-05-01')), trim(repeat('0.000000 0.000000, ', 5), ', '),
        'with six decimals');

-- A refund can make a company one without expenses.
INSERT INTO reseller_report.company VALUES (50, 'Refunded', false), (51, 'Charged', false);
INSERT INTO reseller_report.dependency VALUES (4, 50), (4, 51);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (50, '2024-03-01', 5), (50, '2024-03-02', -5),
    (51, '2024-03-01', 1);
SELECT results_eq('SELECT companies, events, total_price_to_twin
    FROM reseller_report.totals(4, ''2024-03-01'', ''2024-04-01'') WHERE service = ''bot''',
    'VALUES (1::bigint, 3::bigint, 1::numeric)', 'companies are those with expenses');

-- Errors, in the order of the contract.
CREATE ROLE totals_web;
SELECT reseller_report.grant_access('totals_web', 1), reseller_report.grant_access('totals_web', 11) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA public TO totals_web;
SET ROLE totals_web;
SELECT throws_ok(format('SELECT * FROM reseller_report.totals(%s)', arguments), state, message)
FROM (VALUES
    ('NULL, NULL, NULL', '22004', 'reseller_id must not be NULL'),
    ('2, NULL, ''2024-02-01''', '22004', 'period_from must not be NULL'),
    ('2, ''2024-01-01'', NULL', '22004', 'period_to must not be NULL'),
    ('2, ''2024-02-01'', ''2024-01-01''', '42501', 'permission denied for reseller 2'),
    ('11, ''2024-02-01'', ''2024-01-01''', '22023', 'company 11 is not a reseller'),
    ('1, ''2024-02-01'', ''2024-02-01''', '22023', 'the period must end after it begins')) AS bad (arguments, state, message);
SELECT lives_ok('SELECT * FROM reseller_report.totals(1, ''2024-01-01'', ''2024-05-01'')', 'a granted role reads');
RESET ROLE;
REVOKE ALL ON SCHEMA public FROM totals_web;
DROP ROLE totals_web;

UPDATE reseller_report.source SET horizon = '2024-02-01 00:00+00' WHERE table_name = 'chat_message';
SELECT throws_ok('SELECT * FROM reseller_report.totals(1, ''2024-01-01 00:07+00'', ''2024-05-01'')', '55000', NULL,
    'pruned time off the quarter hours');
UPDATE reseller_report.source SET horizon = '-infinity';
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds) 
    VALUES (50, 'outgoing', '2024-03-05', 7), (51, 'outgoing', '2024-03-05', 7);
DELETE FROM reseller_report.source_unbuilt;
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.usage_month SET seconds = '{9223372036854775807,7}' WHERE item = 21 AND company_gaps = '{50,1}';
SELECT throws_ok('SELECT * FROM reseller_report.totals(4, ''2024-03-01'', ''2024-04-01'')', '22003',
    '"seconds" of service telephony_outgoing exceeds the range of bigint', 'a sum beyond bigint is named');
SELECT * FROM finish();
