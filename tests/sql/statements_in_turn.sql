-- Statements and sessions side by side: those of a reseller take turns, those of others do not wait, and no writer does.
SELECT no_plan();
SET client_min_messages = error;
SET timezone = 'UTC';
\ir ../lib/sessions.sql
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (2, 'Two', true), (11, 'A', false),
    (12, 'B', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11), (2, 12);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES
    (11, '2024-03-05', 1), (11, '2024-04-05', 2), (12, '2024-03-05', 4);
CREATE FUNCTION pg_temp.issue(name text, month text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_exec(name, format('DO $x$ BEGIN
        PERFORM reseller_report.issue_statement(1, %L, %1$L::timestamptz + interval ''1 month''); END $x$', month));
END
$$;
SELECT pg_temp.connect('a'), pg_temp.connect('b') \g /dev/null

-- The second one waits. Its overlap is refused by then.
SELECT dblink_exec('a', 'BEGIN'), pg_temp.issue('a', '2024-03-01') \g /dev/null
SELECT dblink_send_query('b', 'SELECT reseller_report.issue_statement(1, ''2024-03-15'', ''2024-04-15'')') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() > 0'), 'a second statement of the reseller waits for its turn');
SELECT is(reseller_report.issue_statement(2, '2024-03-01', '2024-04-01') > 0, true, 'one of another reseller does not');
SET lock_timeout = '100ms';
SELECT lives_ok(command, 'nor does this: ' || command) FROM (VALUES
    ('INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, ''2024-03-06'', 8)'),
    ('UPDATE usage.bot_message SET price_twin = 3 WHERE price_twin = 2'), ('SELECT reseller_report.materialize()'),
    ('SELECT reseller_report.move_company(12, 1, ''2024-03-05'')'), ('UPDATE reseller_report.company SET name = ''A2''
        WHERE company_id = 11'), ('SELECT * FROM reseller_report.open_corrections(1)'))
    AS c (command);
SELECT isnt_empty('SELECT reseller_report.rebuild_slice(''usage.bot_message'', ''2024-03-01'', ''2024-04-01'')', 'nor a rebuild');
RESET lock_timeout;
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT throws_ok('SELECT * FROM dblink_get_result(''b'') AS t (id bigint)', '23P01',
    'the period overlaps statement 1 of reseller 1, which is in force', 'the overlap is refused');
SELECT is_empty('SELECT * FROM dblink_get_result(''b'') AS t (id bigint)', 'done');

-- The number of the second one follows, and it corrects what the first one does not have.
SELECT dblink_exec('a', 'BEGIN'), pg_temp.issue('a', '2024-04-01') \g /dev/null
SELECT dblink_send_query('b', 'SELECT reseller_report.issue_statement(1, ''2024-05-01'', ''2024-06-01'')') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() > 0'), 'a third one waits');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT isnt_empty('SELECT * FROM dblink_get_result(''b'') AS t (id bigint)', 'and is issued');
SELECT is_empty('SELECT * FROM dblink_get_result(''b'') AS t (id bigint)', 'done');
SELECT results_eq('SELECT number, period_from FROM reseller_report.statements WHERE reseller_id = 1 ORDER BY 1',
    $$VALUES (1::bigint, '2024-03-01'::timestamptz), (2, '2024-04-01'), (3, '2024-05-01')$$, 'numbers follow');
SELECT results_eq('SELECT s.number, l.corrects, l.company_id, l.price_to_twin FROM reseller_report.statements s
        JOIN reseller_report.statement_lines l ON l.statement_id = s.id WHERE reseller_id = 1 ORDER BY 1, 2 NULLS FIRST, 3',
    'VALUES (1::bigint, NULL::bigint, 11::bigint, 1.000000), (2, NULL, 11, 3.000000), (2, 1, 11, 8.000000), (2, 1, 12, 4.000000)',
    'each change is billed once');
-- A turn that was given back leaves no gap.
SELECT dblink_exec('a', 'BEGIN'), pg_temp.issue('a', '2024-06-01') \g /dev/null
SELECT dblink_exec('a', 'ROLLBACK'), pg_temp.issue('b', '2024-06-01') \g /dev/null
SELECT is(max(number), 4::bigint, 'no number was lost') FROM reseller_report.statements WHERE reseller_id = 1;
SELECT is_empty('SELECT * FROM reseller_report.verify_statements()', 'the chains are whole');

-- A snapshot from before the last issue or withdrawal may not follow it; one from after may.
SELECT id AS first FROM reseller_report.statements WHERE reseller_id = 1 AND number = 1 \gset
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'), dblink_exec('a', 'DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT pg_temp.issue('b', '2024-07-01') \g /dev/null
SELECT throws_ok('SELECT pg_temp.issue(''a'', ''2024-08-01'')', '40001', NULL, 'an old snapshot does not issue');
SELECT dblink_exec('a', 'ROLLBACK'), dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'),
    dblink_exec('a', 'DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT dblink_exec('b', format('DO $x$ BEGIN PERFORM reseller_report.withdraw_statement(%s, ''x''); END $x$', :first)) \g /dev/null
SELECT throws_ok('SELECT pg_temp.issue(''a'', ''2024-08-01'')', '40001', NULL, 'nor after a withdrawal');
SELECT dblink_exec('a', 'ROLLBACK'), dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'), pg_temp.issue('a', '2024-08-01'),
    dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(max(number), 6::bigint, 'a new one does') FROM reseller_report.statements WHERE reseller_id = 1;

-- A company that a statement has lines of is not deleted meanwhile.
SELECT reseller_report.move_company(11, NULL, '2024-09-01') \g /dev/null
INSERT INTO reseller_report.company VALUES (13, 'C');
INSERT INTO reseller_report.dependency VALUES (1, 13);
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (13, '2024-09-05');
SELECT dblink_exec('a', 'BEGIN'), pg_temp.issue('a', '2024-09-01') \g /dev/null
DELETE FROM reseller_report.dependency WHERE company_id = 13;
SELECT dblink_send_query('b', 'DELETE FROM reseller_report.company WHERE company_id = 13') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() > 0'), 'deleting a company waits for the statement');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT throws_ok('SELECT * FROM dblink_get_result(''b'') AS t (id text)', '23503', NULL, 'and is refused');
SELECT is_empty('SELECT * FROM dblink_get_result(''b'') AS t (id text)', 'done');
-- A snapshot from before sees no statement, and may not delete either.
INSERT INTO reseller_report.company VALUES (14, 'D');
INSERT INTO reseller_report.dependency VALUES (1, 14);
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (14, '2024-10-05');
DELETE FROM reseller_report.dependency WHERE company_id = 14;
INSERT INTO reseller_report.dependency VALUES (1, 14, '[2024-10-01, 2024-11-01)');
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'),
    dblink_exec('a', 'DELETE FROM reseller_report.dependency WHERE company_id = 14') \g /dev/null
SELECT pg_temp.issue('b', '2024-10-01') \g /dev/null
SELECT throws_ok('SELECT dblink_exec(''a'', ''DELETE FROM reseller_report.company WHERE company_id = 14'')', '23503', NULL,
    'an older snapshot does not delete a billed company');
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null
-- Deleted first, and the statement waits.
INSERT INTO reseller_report.company VALUES (15, 'E');
INSERT INTO reseller_report.dependency VALUES (1, 15, '[2024-11-01, 2024-12-01)');
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (15, '2024-11-05');
SELECT dblink_exec('a', 'BEGIN'), dblink_exec('a', 'DELETE FROM reseller_report.dependency WHERE company_id = 15'),
    dblink_exec('a', 'DELETE FROM reseller_report.company WHERE company_id = 15') \g /dev/null
SELECT dblink_send_query('b', 'SELECT reseller_report.issue_statement(1, ''2024-11-01'', ''2024-12-01'')') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() > 0'), 'a statement waits for a company that is being deleted');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT throws_ok('SELECT * FROM dblink_get_result(''b'') AS t (id bigint)', '40001',
    'a company was deleted while the statement was issued', 'and has to be issued again');
SELECT is_empty('SELECT * FROM dblink_get_result(''b'') AS t (id bigint)', 'done');
SELECT pg_temp.issue('b', '2024-11-01') \g /dev/null

-- Ids where logical replication has brought statements, and left the sequence where it was: no two sessions get the same one,
-- however they meet.
INSERT INTO reseller_report.company (company_id, name, is_reseller) SELECT r, 'R', true FROM generate_series(21, 28) r;
CREATE FUNCTION pg_temp.send_all(month int) RETURNS void LANGUAGE sql AS $$
    SELECT pg_temp.connect('s' || r) FROM generate_series(21, 28) r;
    SELECT dblink_send_query('s' || r, format('SELECT reseller_report.issue_statement(%s, make_timestamptz(2024, %s, 1, 0, 0, 0),
        make_timestamptz(2024, %2$s + 1, 1, 0, 0, 0))', r, month)) FROM generate_series(21, 28) r;
$$;
CREATE FUNCTION pg_temp.ends_of_all() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is(pg_temp.state_of_sent('s' || r), '00000', format('reseller %s has a statement', r)) FROM generate_series(21, 28) r
    UNION ALL SELECT NULL FROM generate_series(21, 28) r WHERE dblink_disconnect('s' || r) <> 'OK'
$$;
SELECT 'BEGIN', 'ALTER SEQUENCE reseller_report.statement_id_seq RESTART WITH 1',
    format('DO $x$ BEGIN PERFORM pg_temp.send_all(%s); END $x$', n),
    format('SELECT ok(pg_temp.until(''pg_temp.waiting() = 8''), ''round %s: eight statements wait for their ids'')', n), 'COMMIT',
    'SELECT pg_temp.ends_of_all()'
FROM generate_series(1, 5) n \gexec
SELECT is(count(DISTINCT id), 40::bigint, 'each has an id of its own') FROM reseller_report.statements WHERE reseller_id > 20;
SELECT is_empty('SELECT * FROM reseller_report.verify_statements()', 'the chains are whole at the end');
SELECT dblink_disconnect('a'), dblink_disconnect('b') \g /dev/null
SELECT * FROM finish();
