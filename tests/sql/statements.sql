-- What statements say and refuse. The law over random histories is in statements_random.sql.
SELECT no_plan();
SET timezone = 'UTC';
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (2, 'Two', true),
    (11, 'Aurora', false), (12, 'Borealis', false), (13, 'Idle', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11), (1, 12), (1, 13);
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller) VALUES
    (11, 'sms', '2024-03-05', 1.5, 2), (11, 'sms', '2024-03-06', 1.5, 2), (11, 'email', '2024-03-06', 0.1, 0.2),
    (12, 'viber', '2024-03-07', 3, 4), (11, 'sms', '2024-04-02', 7, 8);
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin)
    VALUES (12, 'incoming', '2024-03-31', 60, 9);

-- Issued.
SELECT reseller_report.issue_statement(1, '2024-03-01', '2024-04-01', 'March') AS march \gset
SELECT results_eq(format('SELECT corrects, company_id, company_name, service, item, events, delivered, seconds, price_to_twin,
        price_to_reseller FROM reseller_report.statement_lines WHERE statement_id = %s', :march),
    'SELECT NULL::bigint, * FROM reseller_report.usage(1, ''2024-03-01'', ''2024-04-01'')', 'the lines are what usage answers');
SELECT results_eq('SELECT id, reseller_id, number, period_from, period_to, issued_by, note, total_price_to_twin,
        total_price_to_reseller, corrections_price_to_twin, corrections_price_to_reseller, withdrawn_at, withdrawn_because
        FROM reseller_report.statements',
    format('VALUES (%s::bigint, 1::bigint, 1::bigint, ''2024-03-01''::timestamptz, ''2024-04-01''::timestamptz,
        current_user::text COLLATE "default", ''March'', 15.100000, 8.200000, 0.000000, 0.000000, NULL::timestamptz,
        NULL::text)', :march),
    'the head has the sums');
SELECT ok(issued_at BETWEEN now() - interval '5 minutes' AND now(), 'issued now') FROM reseller_report.statements;
SELECT is_empty('SELECT * FROM reseller_report.open_corrections(1)', 'nothing has changed');
SELECT reseller_report.issue_statement(2, '2024-03-01', '2024-04-01') AS of_two \gset
SELECT is(max(id), :of_two::bigint, 'of a reseller with no companies') FROM reseller_report.statements;
SELECT results_eq('SELECT number, note, total_price_to_twin FROM reseller_report.statements WHERE reseller_id = 2',
    'VALUES (1::bigint, NULL::text, 0.000000)', 'numbers count for each reseller');

-- Changed since: a receipt, a late message, one taken away.
UPDATE usage.text_message SET delivered_at = now() WHERE occurred_at = '2024-03-05';
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) VALUES (12, 'sms', '2024-03-09', 5);
DELETE FROM usage.text_message WHERE channel = 'email';
UPDATE reseller_report.company SET name = 'Aurora Bank' WHERE company_id = 11;
SELECT results_eq('SELECT * FROM reseller_report.open_corrections(1)', format($$VALUES
    (%1$s::bigint, 1::bigint, 11::bigint, 'Aurora Bank', 'text_messaging', 'sms', 2::bigint, 2::bigint, 0::bigint,
        0::bigint, 1::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint, 3.000000, 3.000000, 0.000000,
        4.000000, 4.000000, 0.000000),
    (%1$s, 1, 11, 'Aurora Bank', 'text_messaging', 'email', 1, 0, -1, 0, 0, 0, 0, 0, 0, 0.100000, 0.000000, -0.100000,
        0.200000, 0.000000, -0.200000),
    (%1$s, 1, 12, 'Borealis', 'text_messaging', 'sms', 0, 1, 1, 0, 0, 0, 0, 0, 0, 0.000000, 5.000000, 5.000000,
        0.000000, 0.000000, 0.000000)$$, :march), 'what was billed, what is true now, and the difference, where they differ');
SELECT reseller_report.issue_statement(1, '2024-04-01', '2024-05-01') AS april \gset
SELECT results_eq(format('SELECT corrects, company_name, item, events, delivered, price_to_twin FROM reseller_report.statement_lines
        WHERE statement_id = %s', :april),
    $$VALUES (NULL::bigint, 'Aurora Bank', 'sms', 1::bigint, 0::bigint, 7.000000), (1, 'Aurora Bank', 'sms', 0, 1, 0.000000),
        (1, 'Aurora Bank', 'email', -1, 0, -0.100000), (1, 'Borealis', 'sms', 1, 0, 5.000000)$$,
    'the next statement has its own lines, then corrections');
SELECT results_eq(format('SELECT number, total_price_to_twin, corrections_price_to_twin, total_price_to_reseller,
        corrections_price_to_reseller FROM reseller_report.statements WHERE id = %s', :april),
    'VALUES (2::bigint, 11.900000, 4.900000, 7.800000, -0.200000)', 'totals, of which corrections');
SELECT is_empty('SELECT * FROM reseller_report.open_corrections(1)', 'all is billed');
SELECT is(count(*), 4::bigint, 'the first statement is as it was') FROM reseller_report.statement_lines WHERE statement_id = :march;

-- A company that leaves takes what was billed along; the reseller that it comes to has billed nothing of it.
SELECT reseller_report.move_company(12, 2, '2024-03-08') \g /dev/null
SELECT results_eq('SELECT number, company_id, item, events_billed, events_now, price_to_twin_difference
        FROM reseller_report.open_corrections(1)',
    $$VALUES (1::bigint, 12::bigint, 'sms', 1::bigint, 0::bigint, -5.000000), (1, 12, 'incoming_call', 1, 0, -9.000000)$$,
    'the old reseller');
SELECT results_eq('SELECT number, company_id, item, events_billed, events_now, price_to_twin_difference
        FROM reseller_report.open_corrections(2)',
    $$VALUES (1::bigint, 12::bigint, 'sms', 0::bigint, 1::bigint, 5.000000), (1, 12, 'incoming_call', 0, 1, 9.000000)$$,
    'the new reseller');
SELECT reseller_report.move_company(12, 1, '2024-03-08') \g /dev/null
SELECT is_empty('SELECT * FROM reseller_report.open_corrections(1)', 'moved back');

-- Withdrawn. The later statement has corrected the first one: the next one takes that back.
SELECT reseller_report.withdraw_statement(:march, 'wrong price list') \g /dev/null
SELECT results_eq('SELECT number, company_id, item, events_billed, events_now, delivered_difference, price_to_twin_difference
        FROM reseller_report.open_corrections(1)',
    $$VALUES (1::bigint, 11::bigint, 'sms', 0::bigint, 0::bigint, -1::bigint, 0.000000), (1, 11, 'email', -1, 0, 0, 0.100000),
        (1, 12, 'sms', 1, 0, 0, -5.000000)$$, 'what a later statement corrected of a withdrawn one');
SELECT results_eq(format('SELECT number, withdrawn_because, withdrawn_at >= issued_at FROM reseller_report.statements
    WHERE id = %s', :march), $$VALUES (1::bigint, 'wrong price list', true)$$, 'it is there to be read');
SELECT reseller_report.issue_statement(1, '2024-03-01', '2024-04-01', 'March again') AS again \gset
SELECT results_eq(format('SELECT corrects, company_id, item, events, price_to_twin FROM reseller_report.statement_lines
        WHERE statement_id = %s', :again),
    $$VALUES (NULL::bigint, 11::bigint, 'sms', 2::bigint, 3.000000), (NULL, 12, 'sms', 1, 5.000000),
        (NULL, 12, 'viber', 1, 3.000000), (NULL, 12, 'incoming_call', 1, 9.000000), (1, 11, 'sms', 0, 0.000000),
        (1, 11, 'email', 1, 0.100000),
        (1, 12, 'sms', -1, -5.000000)$$, 'its period can be billed again');
SELECT is_empty('SELECT * FROM reseller_report.open_corrections(1)', 'nothing is open');
SELECT results_eq('SELECT number FROM reseller_report.statements WHERE reseller_id = 1 ORDER BY 1', 'VALUES (1::bigint), (2), (3)',
    'numbers have no gaps');

-- What is withdrawn with a statement that corrected others is open again.
BEGIN;
SELECT reseller_report.withdraw_statement(:again, 'once more'), reseller_report.withdraw_statement(:april, 'and this') \g /dev/null
SELECT is_empty('SELECT * FROM reseller_report.open_corrections(1)', 'no statement is in force, none has billed anything');
ROLLBACK;

-- Refused, in this order.
CREATE ROLE statements_web;
GRANT EXECUTE ON FUNCTION reseller_report.issue_statement, reseller_report.withdraw_statement TO statements_web;
SELECT reseller_report.grant_access('statements_web', 1), reseller_report.grant_access('statements_web', 11) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA public TO statements_web;
SET ROLE statements_web;
SELECT throws_ok(format('SELECT reseller_report.issue_statement(%s)', arguments), state, message)
FROM (VALUES
    ('NULL, NULL, NULL', '22004', 'reseller_id must not be NULL'),
    ('2, NULL, ''2024-02-01''', '22004', 'period_from must not be NULL'),
    ('2, ''2024-02-01'', NULL', '22004', 'period_to must not be NULL'),
    ('2, ''2024-02-01'', ''2024-01-01''', '42501', 'permission denied for reseller 2'),
    ('11, ''2024-02-01'', ''2024-01-01''', '22023', 'company 11 is not a reseller'),
    ('1, ''2024-02-01'', ''2024-02-01''', '22023', 'the period must end after it begins'),
    ('1, ''-infinity'', ''2024-02-01''', '22023', 'the period of a statement must have finite bounds'),
    ('1, ''2024-02-01'', ''infinity''', '22023', 'the period of a statement must have finite bounds'),
    ('1, ''2024-03-01 00:01'', ''2024-04-01''', '22023',
        'the period of a statement must begin and end on quarter hours UTC, not at 2024-03-01 00:01:00+00'),
    ('1, ''2024-03-01'', ''2024-04-01 00:00:00.000001''', '22023',
        'the period of a statement must begin and end on quarter hours UTC, not at 2024-04-01 00:00:00.000001+00'),
    ('1, ''2024-03-01'', ''2999-01-01''', '22023', 'the period of a statement must be over'),
    ('1, ''2024-02-01'', ''2024-03-01 00:15''', '23P01', 'the period overlaps statement 3 of reseller 1, which is in force'),
    ('1, ''2024-04-30 23:45'', ''2024-06-01''', '23P01', 'the period overlaps statement 2 of reseller 1, which is in force'))
    AS bad (arguments, state, message);
SELECT throws_ok(format('SELECT reseller_report.withdraw_statement(%s)', arguments), state, message)
FROM (VALUES ('NULL, NULL', '22004', 'statement_id must not be NULL'), ('999, NULL', '22004', 'reason must not be NULL'),
    ('999, ''x''', '22023', 'there is no statement 999')) AS bad (arguments, state, message);
SELECT throws_ok(format('SELECT reseller_report.withdraw_statement(%s, ''x'')', :of_two), '42501',
    'permission denied for reseller 2');
SELECT throws_like(format('SELECT reseller_report.withdraw_statement(%s, ''x'')', :march), '%was withdrawn already, at %');
SELECT throws_ok(format('SELECT reseller_report.withdraw_statement(%s, ''x'')', :march), '55000');
SELECT throws_ok('SELECT * FROM reseller_report.open_corrections(NULL)', '22004', 'reseller_id must not be NULL');
SELECT throws_ok('SELECT * FROM reseller_report.open_corrections(2)', '42501', 'permission denied for reseller 2');
SELECT throws_ok('SELECT * FROM reseller_report.open_corrections(11)', '22023', 'company 11 is not a reseller');
SELECT throws_ok('SELECT * FROM reseller_report.verify_statements(2)', '42501', 'permission denied for reseller 2');
SELECT set_eq('SELECT DISTINCT reseller_id FROM reseller_report.statements', 'VALUES (1::bigint)',
    'others'' statements are not shown');
SELECT set_eq('SELECT DISTINCT company_id FROM reseller_report.statement_lines', 'VALUES (11::bigint), (12)', 'nor their lines');
SELECT isnt(reseller_report.issue_statement(1, '2024-05-01', '2024-06-01'), NULL, 'a granted role issues');
SELECT is(issued_by, 'statements_web', 'under its name') FROM reseller_report.statements WHERE number = 4;
RESET ROLE;
REVOKE ALL ON SCHEMA public FROM statements_web;
REVOKE EXECUTE ON FUNCTION reseller_report.issue_statement, reseller_report.withdraw_statement FROM statements_web;
DROP ROLE statements_web;

-- Nothing is deleted.
SELECT reseller_report.move_company(12, NULL, '-infinity') \g /dev/null
SELECT throws_ok('DELETE FROM reseller_report.company WHERE company_id = 12', '23503',
    'company 12 has statements, or lines in statements, and must stay', 'a company with lines stays');
SELECT throws_ok('DELETE FROM reseller_report.company WHERE company_id = 2', '23503', NULL, 'a reseller with statements stays');
SELECT throws_ok('UPDATE reseller_report.company SET company_id = 99 WHERE company_id = 12', '23503', NULL, 'under its number');
SELECT reseller_report.move_company(13, NULL, '-infinity') \g /dev/null
SELECT lives_ok('DELETE FROM reseller_report.company WHERE company_id = 13', 'a company without lines may go');
SELECT results_eq('SELECT DISTINCT company_name FROM reseller_report.open_corrections(1)', $$VALUES ('Borealis')$$,
    'a company without a reseller has its name');
SET session_replication_role = replica;
SELECT throws_ok(format(command, t), '0A000', format('rows of table "reseller_report.%s" are never changed or deleted', t),
    format(command, t))
FROM unnest(ARRAY['statement', 'statement_line', 'statement_company', 'statement_withdrawal']) AS t, (VALUES
    ('DELETE FROM reseller_report.%s'), ('TRUNCATE reseller_report.%s CASCADE')) AS c (command);
SELECT throws_ok(format('UPDATE reseller_report.%s SET %s', t, change), '0A000', NULL, 'no UPDATE of ' || t)
FROM (VALUES ('statement', 'number = 7'), ('statement_line', 'price_to_twin = 0'), ('statement_company', 'company_id = 7'),
    ('statement_withdrawal', 'reason = ''x''')) AS c (t, change);
RESET session_replication_role;
SELECT throws_ok('UPDATE reseller_report.statements SET note = ''x''', '55000', NULL, 'the views are not written');

-- What issues and withdraws in one command.
SELECT lives_ok('SELECT reseller_report.withdraw_statement(reseller_report.issue_statement(1, ''2023-01-01'', ''2023-02-01''),
        ''x'')', 'a statement is withdrawn by the query that issued it');
SELECT results_eq('SELECT withdrawn_because FROM reseller_report.statements WHERE period_from = ''2023-01-01''', $$VALUES ('x')$$,
    'it is there, and withdrawn');

SELECT * FROM finish();
