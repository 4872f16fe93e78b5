-- named_period() gives the periods that the calendar of the reseller's zone has, and those to compare them with.
SELECT no_plan();
INSERT INTO reseller_report.company (company_id, name, is_reseller, time_zone) VALUES (1, 'Chicago', true, 'America/Chicago'),
    (2, 'Moscow', true, 'Europe/Moscow'), (3, 'Kathmandu', true, 'Asia/Kathmandu'), (4, 'Havana', true, 'America/Havana'),
    (5, 'Apia', true, 'Pacific/Apia'), (6, 'Berlin', true, 'europe/berlin'), (11, 'A', false, 'UTC');

-- On ordinary days: SQL's own calendar.
CREATE FUNCTION pg_temp.expected(zone text, name text, at timestamptz, OUT period_from timestamptz, OUT period_to timestamptz,
    OUT previous_from timestamptz, OUT previous_to timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    shown timestamp := at AT TIME ZONE zone;
    parts text[] := string_to_array(name, '_');
    unit text := CASE WHEN name IN ('today', 'yesterday') OR parts[3] = 'days' THEN 'day' ELSE parts[2] END;
    many int := CASE WHEN parts[3] = 'days' THEN parts[2]::int ELSE 1 END;
    one interval := CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END;
    start timestamp := date_trunc(unit, shown);
BEGIN
    IF name = 'today' OR parts[1] = 'this' THEN
        period_from := start AT TIME ZONE zone;
        period_to := at;
        previous_from := (start - one) AT TIME ZONE zone;
        previous_to := least(start - one + (shown - start), start) AT TIME ZONE zone;
    ELSE
        period_from := (start - many * one) AT TIME ZONE zone;
        period_to := start AT TIME ZONE zone;
        previous_from := (start - 2 * many * one) AT TIME ZONE zone;
        previous_to := period_from;
    END IF;
END
$$;
CREATE FUNCTION pg_temp.names() RETURNS text[] LANGUAGE sql AS $$
    SELECT ARRAY['today', 'yesterday', 'this_week', 'last_week', 'this_month', 'last_month', 'this_quarter', 'last_quarter',
        'this_year', 'last_year', 'last_7_days', 'last_30_days', 'last_90_days']
$$;
SELECT results_eq(format('SELECT * FROM reseller_report.named_period(%s, %L, %L)', c.company_id, period, at),
    format('SELECT * FROM pg_temp.expected(%L, %L, %L)', c.time_zone, period, at), format('%s at %s in %s', period, at,
        c.time_zone))
FROM reseller_report.company c, unnest(pg_temp.names()) period,
    unnest(ARRAY['2024-03-31 15:20:00.000001+00', '2024-02-29 23:59:59.999999+00', '2024-12-31 20:00+00',
        '2023-07-01 12:00+00']::timestamptz[]) at
WHERE c.company_id IN (1, 2, 3, 6);

-- The previous period of one under way lasts as long on the clock, at most to where the period begins.
SELECT results_eq($$SELECT * FROM reseller_report.named_period(2, 'this_month', '2026-03-31 15:00+03')$$,
    $$VALUES (timestamptz '2026-03-01 00:00+03', timestamptz '2026-03-31 15:00+03', timestamptz '2026-02-01 00:00+03',
        timestamptz '2026-03-01 00:00+03')$$,
    'the 31st, after a month of 28 days');
SELECT results_eq($$SELECT * FROM reseller_report.named_period(1, 'today', '2024-03-10 12:00-05')$$,
    $$VALUES (timestamptz '2024-03-10 00:00-06', timestamptz '2024-03-10 12:00-05', timestamptz '2024-03-09 00:00-06',
        timestamptz '2024-03-09 12:00-06')$$,
    'noon is noon, on a day of 23 hours');
SELECT results_eq($$SELECT * FROM reseller_report.named_period(1, 'today', '2024-03-11 02:30-05')$$,
    $$VALUES (timestamptz '2024-03-11 00:00-05', timestamptz '2024-03-11 02:30-05', timestamptz '2024-03-10 00:00-06',
        timestamptz '2024-03-10 03:00-05')$$,
    'a time that is skipped is the moment of the shift');
SELECT results_eq($$SELECT * FROM reseller_report.named_period(1, 'today', '2024-11-04 01:30-06')$$,
    $$VALUES (timestamptz '2024-11-04 00:00-06', timestamptz '2024-11-04 01:30-06', timestamptz '2024-11-03 00:00-05',
        timestamptz '2024-11-03 01:30-05')$$,
    'one that comes twice its first');
SELECT results_eq($$SELECT * FROM reseller_report.named_period(4, 'yesterday', '2024-03-11 12:00-04')$$,
    $$VALUES (timestamptz '2024-03-10 01:00-04', timestamptz '2024-03-11 00:00-04', timestamptz '2024-03-09 00:00-05',
        timestamptz '2024-03-10 01:00-04')$$,
    'a midnight that is skipped');
SELECT results_eq($$SELECT * FROM reseller_report.named_period(4, 'yesterday', '2024-11-04 12:00-05')$$,
    $$VALUES (timestamptz '2024-11-03 00:00-04', timestamptz '2024-11-04 00:00-05', timestamptz '2024-11-02 00:00-04',
        timestamptz '2024-11-03 00:00-04')$$,
    'a midnight that comes twice');
SELECT results_eq($$SELECT * FROM reseller_report.named_period(5, 'last_7_days', '2012-01-03 12:00+14')$$,
    $$VALUES (timestamptz '2011-12-27 00:00-10', timestamptz '2012-01-03 00:00+14', timestamptz '2011-12-20 00:00-10',
        timestamptz '2011-12-27 00:00-10')$$,
    'days that the calendar skips count on it');
SELECT results_eq($$SELECT * FROM reseller_report.named_period(2, 'today', '2024-03-10 00:00+03')$$,
    $$VALUES (timestamptz '2024-03-10 00:00+03', timestamptz '2024-03-10 00:00+03', timestamptz '2024-03-09 00:00+03',
        timestamptz '2024-03-09 00:00+03')$$,
    'at the very beginning');
SELECT results_eq('SELECT * FROM reseller_report.named_period(1, ''this_week'')',
    'SELECT * FROM reseller_report.named_period(1, ''this_week'', now())', 'now, if not told');
SELECT results_eq('SELECT * FROM reseller_report.named_period(1, ''this_week'', NULL)',
    'SELECT * FROM reseller_report.named_period(1, ''this_week'', now())', 'NULL stands for the default');

-- Errors, in the order of the contract.
CREATE ROLE named_period_web;
SELECT reseller_report.grant_access('named_period_web', 1), reseller_report.grant_access('named_period_web', 11) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA public TO named_period_web;
SET ROLE named_period_web;
SELECT throws_ok(format('SELECT * FROM reseller_report.named_period(%s)', arguments), state, message)
FROM (VALUES
    ('NULL, NULL', '22004', 'reseller_id must not be NULL'),
    ('2, NULL', '22004', 'name must not be NULL'),
    ('2, ''tomorrow''', '42501', 'permission denied for reseller 2'),
    ('99, ''tomorrow''', '42501', 'permission denied for reseller 99'),
    ('11, ''tomorrow''', '22023', 'company 11 is not a reseller'),
    ('1, ''tomorrow''', '22023', 'period "tomorrow" is not known'),
    ('1, ''Today''', '22023', 'period "Today" is not known'),
    ('1, ''today'', ''infinity''', '22023', 'at must be a finite moment'),
    ('1, ''today'', ''-infinity''', '22023', 'at must be a finite moment'),
    ('1, ''last_year'', ''4713-01-01 00:00+00 BC''', '22008',
        'the period is out of the range of timestamps')) AS bad (arguments, state, message);
SELECT lives_ok('SELECT * FROM reseller_report.named_period(1, ''today'')', 'a granted role may ask');
RESET ROLE;
SELECT is(oracle.hint('SELECT * FROM reseller_report.named_period(1, ''tomorrow'')'), format('Known are %s.',
    array_to_string(pg_temp.names(), ', ')), 'the hint lists the names');
REVOKE ALL ON SCHEMA public FROM named_period_web;
DROP ROLE named_period_web;
SELECT * FROM finish();
