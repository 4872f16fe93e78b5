-- The rules of company and dependency are enforced by the database, with clear errors.
SELECT no_plan();
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (2, 'Two', true), (11, 'A', false),
    (12, 'B', false);

SELECT throws_ok(format('INSERT INTO reseller_report.dependency VALUES (%s)', row), state, NULL, why)
FROM (VALUES
    ('1, 11, ''[2024-01-01 00:07+00,)''', '23514', 'a lower bound off the quarter hours'),
    ('1, 11, ''(,2024-01-01 00:15:00.000001+00)''', '23514', 'an upper bound off the quarter hours'),
    ('1, 11, ''[2024-01-01 00:00+00,2024-02-01 00:00+00]''', '23514', 'an inclusive upper bound'),
    ('1, 11, ''(2024-01-01 00:00+00,)''', '23514', 'an exclusive lower bound'),
    ('1, 11, ''[infinity,)''', '23514', 'a lower bound at infinity'),
    ('1, 11, ''empty''', '23514', 'an empty range'),
    ('1, 1, ''(,)''', '23514', 'a reseller dependent on itself'),
    ('12, 11, ''(,)''', '23514', 'a reseller that is none'),
    ('99, 11, ''(,)''', '23503', 'an unknown reseller'),
    ('1, 99, ''(,)''', '23503', 'an unknown company'),
    ('1, NULL, ''(,)''', '23502', 'no company'),
    ('1, 11, NULL', '23502', 'no range')) AS bad (row, state, why);
SELECT throws_ok('INSERT INTO reseller_report.dependency VALUES (12, 11)', '23514', 'company 12 is not a reseller',
    'the message names the company');

SELECT lives_ok('INSERT INTO reseller_report.dependency VALUES (1, 11, ''[2024-01-01 00:15+00,2024-02-01 05:45+05:45)'')',
    'quarter hours are UTC');
SELECT throws_ok('INSERT INTO reseller_report.dependency VALUES (2, 11, ''[2024-01-31 23:45+00,)'')', '23P01', NULL,
    'dependencies of a company do not overlap');
SELECT lives_ok('INSERT INTO reseller_report.dependency VALUES (2, 11, ''[2024-02-01 00:00+00,)'')', 'but may touch');
SELECT lives_ok('INSERT INTO reseller_report.dependency VALUES (1, 2, ''[-infinity,infinity]'')',
    'a reseller may depend on another, and bounds may be infinite');
SELECT throws_ok('UPDATE reseller_report.company SET is_reseller = false WHERE company_id = 2', '23514',
    'company 2 has dependent companies and must stay a reseller', 'a reseller with companies stays one');
SELECT throws_ok('DELETE FROM reseller_report.company WHERE company_id = 11', '23503', NULL, 'a company with a dependency stays');
SELECT throws_ok('TRUNCATE reseller_report.dependency', '0A000', 'table "reseller_report.dependency" must not be truncated',
    'TRUNCATE of dependency is refused');
SELECT throws_ok('TRUNCATE reseller_report.company CASCADE', '0A000', NULL, 'TRUNCATE of company is refused');
SELECT lives_ok('DELETE FROM reseller_report.dependency WHERE company_id = 11', 'a dependency goes by DELETE');
SELECT lives_ok('UPDATE reseller_report.company SET is_reseller = false WHERE company_id = 2', 'and the reseller account with it');

SELECT lives_ok($$INSERT INTO reseller_report.company (company_id, name, time_zone) VALUES (21, 'C', 'Europe/Moscow'),
    (22, 'D', 'europe/moscow'), (23, 'E', 'ASIA/KOLKATA')$$, 'time zones in any case');
SELECT throws_ok(format('UPDATE reseller_report.company SET time_zone = %L WHERE company_id = 21', zone), '22023',
    format('time zone "%s" is not known', zone), 'time zone ' || zone)
    FROM unnest(ARRAY['Mars/Phobos', 'XYZ3', '+03', '', 'Europe/Moscow ']) AS zone;

-- move_company
DELETE FROM reseller_report.dependency;
UPDATE reseller_report.company SET is_reseller = true WHERE company_id = 2;
CREATE VIEW pg_temp.held AS SELECT reseller_id, during::text FROM reseller_report.dependency WHERE company_id = 11 ORDER BY during;
SET timezone = 'UTC';
SELECT lives_ok('SELECT reseller_report.move_company(11, 1, ''-infinity'')', 'from the beginning on');
SELECT results_eq('TABLE pg_temp.held', $$VALUES (1::bigint, '(,)')$$, 'belongs for all time');
SELECT lives_ok('SELECT reseller_report.move_company(11, 2, ''2024-07-01 00:00+00'')', 'moves to another');
SELECT results_eq('TABLE pg_temp.held', $$VALUES (1::bigint, '(,"2024-07-01 00:00:00+00")'), (2, '["2024-07-01 00:00:00+00",)')$$,
    'belongs to each in its time');
SELECT lives_ok('SELECT reseller_report.move_company(11, NULL, ''2024-09-01 00:00+00'')', 'leaves');
SELECT lives_ok('SELECT reseller_report.move_company(11, 2, ''2024-09-01 00:00+00'')', 'and comes back at once');
SELECT results_eq('TABLE pg_temp.held', $$VALUES (1::bigint, '(,"2024-07-01 00:00:00+00")'), (2, '["2024-07-01 00:00:00+00",)')$$,
    'a company that stays keeps one row');
SELECT lives_ok('SELECT reseller_report.move_company(11, 1, ''2024-03-01 00:00+00'')',
    'stays, and what was planned later is replaced');
SELECT results_eq('TABLE pg_temp.held', $$VALUES (1::bigint, '(,)')$$, 'one row again');
SELECT throws_ok(format('SELECT reseller_report.move_company(%s)', arguments), state, message, message) FROM (VALUES
    ('NULL, 1, now()', '22004', 'company_id must not be NULL'),
    ('11, 1, NULL', '22004', 'since must not be NULL'),
    ('11, 1, ''infinity''', '22023', 'since must be before infinity'),
    ('99, 1, ''2024-01-01 00:00+00''', '23503', 'company 99 does not exist'),
    ('11, 12, ''2024-01-01 00:00+00''', '23514', 'company 12 is not a reseller')) AS bad (arguments, state, message);
SELECT throws_ok('SELECT reseller_report.move_company(11, 2, ''2024-01-01 00:01+00'')', '23514', NULL,
    'a move off the quarter hours');
SELECT results_eq('TABLE pg_temp.held', $$VALUES (1::bigint, '(,)')$$, 'what was refused changed nothing');
SELECT * FROM finish();
