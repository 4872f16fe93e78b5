-- Every report refuses what it cannot answer, in the order of the contract; and says so with the documented SQLSTATE.
SELECT no_plan();
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (2, 'Other', true),
    (11, 'A', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
CREATE ROLE report_errors_web;
SELECT reseller_report.grant_access('report_errors_web', 1) \g /dev/null
SELECT reseller_report.grant_access('report_errors_web', 11) \g /dev/null
GRANT CREATE, USAGE ON SCHEMA public TO report_errors_web;
SET ROLE report_errors_web;

SELECT throws_ok(format('SELECT * FROM reseller_report.%I(%s)', service, arguments), state, message, service || ': ' || message)
FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot']) AS service, (VALUES
    ('NULL, ''2024-01-01'', ''2024-02-01''', '22004', 'reseller_id must not be NULL'),
    ('99, NULL, ''2024-02-01''', '22004', 'period_from must not be NULL'),
    ('99, ''2024-01-01'', NULL', '22004', 'period_to must not be NULL'),
    ('2, ''2024-02-01'', ''2024-01-01''', '42501', 'permission denied for reseller 2'),
    ('99, ''2024-01-01'', ''2024-02-01''', '42501', 'permission denied for reseller 99'),
    ('11, ''2024-02-01'', ''2024-01-01''', '22023', 'company 11 is not a reseller'),
    ('1, ''2024-02-01'', ''2024-01-01''', '22023', 'the period must end after it begins'),
    ('1, ''2024-02-01'', ''2024-02-01''', '22023', 'the period must end after it begins'),
    ('1, ''infinity'', ''infinity''', '22023', 'the period must end after it begins'),
    ('1, ''infinity'', ''-infinity''', '22023', 'the period must end after it begins')) AS bad (arguments, state, message);

RESET ROLE;
SELECT throws_ok('SELECT * FROM reseller_report.bot(99, ''2024-01-01'', ''2024-02-01'')', '22023', 'company 99 is not a reseller',
    'an account that does not exist is not a reseller');
SELECT lives_ok('SELECT * FROM reseller_report.bot(1, ''-infinity'', ''infinity'', NULL)', 'has_expenses may be NULL');
SELECT results_eq('SELECT id, billable_messages, total_price_to_twin FROM reseller_report.bot(1, ''-infinity'', ''infinity'')',
    'VALUES (11::bigint, 0::bigint, 0::numeric)', 'a company without usage has zeros');
SELECT is_empty('SELECT * FROM reseller_report.bot(1, ''-infinity'', ''infinity'', true)', 'and no expenses');
SELECT is_empty('SELECT * FROM reseller_report.bot(2, ''-infinity'', ''infinity'')', 'a reseller without companies has no rows');

-- Sums run in 128 bits; a count beyond bigint is named, an amount has no limit.
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin)
    SELECT 11, 'outgoing', timestamptz '2024-03-01 00:00+00' + n * interval '1 second', 2147483647, 999999999.999999
        FROM generate_series(1, 30000) n;
SELECT results_eq('SELECT calls, total_duration_seconds, total_price_to_twin '
    'FROM reseller_report.telephony_outgoing(1, ''-infinity'', ''infinity'')',
    'SELECT count(*), sum(duration_seconds::bigint)::bigint, sum(price_twin) FROM usage.phone_call',
        'an amount beyond 64 bits of micro-units is exact');
SELECT is((SELECT total_price_to_twin::text FROM reseller_report.telephony_outgoing(1, '-infinity', 'infinity')),
    '29999999999999.970000',
    'and has six decimals');
DELETE FROM usage.phone_call;
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds) VALUES (11, 'outgoing', '2024-03-01', 1000);
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.usage_year SET seconds = '{9223372036854775000}' WHERE item = 21;
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds) VALUES (11, 'outgoing', '2024-03-01', 1000);
SELECT throws_ok('SELECT * FROM reseller_report.telephony_outgoing(1, ''-infinity'', ''infinity'')', '22003',
    '"total_duration_seconds" of company 11 exceeds the range of bigint', 'a count beyond bigint is refused by name');

REVOKE ALL ON SCHEMA public FROM report_errors_web;
DROP ROLE report_errors_web;
SELECT * FROM finish();
