-- SERIALIZABLE: transactions of different resellers do not fail on account of each other or of folds, and those that could not have
-- come one after the other still do.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SET statement_timeout = '300s';
INSERT INTO reseller_report.company (company_id, name, is_reseller) SELECT n, 'R' || n, true FROM generate_series(1, 4) n
    UNION ALL SELECT n, 'C' || n, false FROM generate_series(11, 400) n;
INSERT INTO reseller_report.dependency SELECT 1 + n % 2, n FROM generate_series(11, 30) n UNION ALL SELECT 3 + n % 2, n
    FROM generate_series(101, 400) n;
SELECT setseed(0.3) \g /dev/null
DO $$ BEGIN PERFORM random_usage.events(100); PERFORM reseller_report.materialize(); END $$;
CREATE FUNCTION report(reseller bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT sum(total_price_to_twin) FROM reseller_report.bot(reseller, '2024-01-01 00:00+00', '2024-06-01 00:00+00')
$$;
CREATE FUNCTION event(company bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (company, '2024-03-01 00:00+00', 1)
$$;
ANALYZE;

-- Steps, each a session and a command, in fresh sessions; how they end: the state of the first that fails, or of none.
CREATE FUNCTION pg_temp.ends(VARIADIC steps text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    step text;
    session text;
    state text := '00000';
BEGIN
    FOREACH session IN ARRAY ARRAY['a', 'b', 'c'] LOOP
        PERFORM dblink_connect(session,
            format('host=%s port=%s dbname=%s user=%s options=''-c default_transaction_isolation=serializable -c '
                'client_min_messages=error''',
            current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user));
    END LOOP;
    FOREACH step IN ARRAY steps LOOP
        BEGIN
            session := left(step, 1);
            step := substr(step, 4);
            PERFORM dblink_exec(session, CASE WHEN step ~ '[(]' AND step !~ '^(INSERT|UPDATE|DELETE)'
                THEN format('DO $d$ BEGIN PERFORM %s; END $d$', step) ELSE step END);
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
            EXIT;
        END;
    END LOOP;
    PERFORM dblink_disconnect(s) FROM unnest(ARRAY['a', 'b', 'c']) AS s;
    RETURN state;
END
$$;

-- Those that do not depend on each other. 12 and 14 are reseller 1's, 11 and 13 reseller 2's; 3 and 4 have more companies than
-- locks.
SELECT is(pg_temp.ends('a: BEGIN', 'b: BEGIN', 'a: report(1)', 'b: report(2)', 'a: event(12)', 'b: event(11)', 'a: COMMIT',
    'b: COMMIT'), '00000', 'one report and one row each, of two resellers');
SELECT is(pg_temp.ends('a: BEGIN', 'b: BEGIN', 'a: report(1)', 'a: event(12)', 'a: COMMIT', 'b: report(2)', 'b: event(11)',
    'b: COMMIT'), '00000', 'one after the other, side by side');
SELECT is(pg_temp.ends('a: BEGIN', 'b: BEGIN', 'b: report(2)', 'a: report(1)', 'a: event(12)', 'b: event(11)', 'a: COMMIT',
    'c: reseller_report.materialize()', 'b: report(2)', 'b: COMMIT'), '00000', 'with a fold between');
SELECT is(pg_temp.ends('a: BEGIN', 'a: event(12)', 'c: reseller_report.materialize()', 'a: COMMIT'), '00000',
    'a first capture beside a fold that has nothing to fold');
SELECT is(pg_temp.ends('a: BEGIN', 'a: event(12)', 'b: event(11)', 'c: reseller_report.materialize()', 'a: COMMIT'), '00000',
    'a first capture beside a fold');
SELECT is(pg_temp.ends('a: BEGIN', 'a: event(12)', 'b: event(11)', 'c: BEGIN', 'c: reseller_report.materialize()', 'a: COMMIT',
    'c: COMMIT'), '00000', 'a first capture within a fold');
SELECT is(pg_temp.ends('a: BEGIN', 'b: BEGIN', 'a: report(1)', 'a: event(12)', 'b: event(12)', 'c: reseller_report.materialize()',
    'a: COMMIT', 'b: COMMIT'), '00000', 'a report and a row beside a fold and a row of the same company');
SELECT is(pg_temp.ends('a: BEGIN', 'a: report(1)', 'a: event(12)', 'c: BEGIN',
    'c: reseller_report.rebuild_slice(''usage.bot_message'', ''2024-01-01'', ''2024-02-01'')', 'a: COMMIT', 'c: COMMIT'), '00000',
        'a report and a row beside a rebuild');
SELECT oracle.agrees('after those');

-- Those that could not have come one after the other: each report misses the row of the other.
SELECT is(pg_temp.ends(VARIADIC steps), '40001', label) FROM (VALUES
    ('one report and one row each, of one reseller', ARRAY['a: BEGIN', 'b: BEGIN', 'a: report(1)', 'b: report(1)', 'a: event(12)',
        'b: event(14)', 'a: COMMIT', 'b: COMMIT']),
    ('each a row of the other''s company', ARRAY['a: BEGIN', 'b: BEGIN', 'a: report(1)', 'b: report(2)', 'a: event(11)',
        'b: event(12)', 'a: COMMIT', 'b: COMMIT']),
    ('the report after the other''s commit, of which it sees nothing',
        ARRAY['a: BEGIN', 'b: BEGIN', 'b: event(12)', 'a: event(12)', 'b: report(1)', 'b: COMMIT', 'a: report(1)', 'a: COMMIT']),
    ('which is folded by then', ARRAY['a: BEGIN', 'b: BEGIN', 'b: event(12)', 'a: event(12)', 'b: report(1)', 'b: COMMIT',
        'c: reseller_report.materialize()', 'a: report(1)', 'a: COMMIT']),
    ('a row that is deleted',
        ARRAY['a: BEGIN', 'b: BEGIN', 'a: report(1)', 'b: report(1)', 'a: DELETE FROM usage.bot_message WHERE company_id = 12',
            'b: event(14)', 'a: COMMIT', 'b: COMMIT']),
    ('a company that moves', ARRAY['a: BEGIN', 'b: BEGIN', 'a: report(1)', 'b: report(1)',
        'a: reseller_report.move_company(12, 2, ''2024-02-01 00:00+00'')', 'b: event(14)', 'a: COMMIT', 'b: COMMIT']),
    ('more companies than locks', ARRAY['a: BEGIN', 'b: BEGIN', 'a: report(3)', 'b: report(3)', 'a: event(102)', 'b: event(104)',
        'a: COMMIT', 'b: COMMIT']),
    ('more companies than locks, and few', ARRAY['a: BEGIN', 'b: BEGIN', 'a: report(3)', 'b: report(1)', 'a: event(12)',
        'b: event(102)', 'a: COMMIT', 'b: COMMIT'])) AS w (label, steps);
SELECT oracle.agrees('after all');
SELECT is(pg_temp.ends('a: BEGIN ISOLATION LEVEL REPEATABLE READ', 'b: BEGIN ISOLATION LEVEL REPEATABLE READ', 'a: report(1)',
    'b: report(1)', 'a: event(12)', 'b: event(14)', 'a: COMMIT', 'b: COMMIT'),
    '00000', 'as REPEATABLE READ allows');
-- A report inside a serializable transaction is as exact as any, beside rows of every kind: folded meanwhile, deleted, of itself.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT report(1) AS before \gset
SELECT dblink_connect('d', format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'),
    current_setting('port'), current_database(), current_user)) \g /dev/null
SELECT dblink_exec('d', 'DO $d$ BEGIN PERFORM random_usage.events(20), random_usage.changes(); '
    'PERFORM reseller_report.materialize(); PERFORM random_usage.events(20); END $d$') \g /dev/null
SELECT is(report(1), :before, 'the snapshot stays');
SELECT oracle.agrees('in an older serializable snapshot');
SELECT event(12), random_usage.events(10) \g /dev/null
SELECT oracle.agrees('and with rows of its own');
COMMIT;
SELECT oracle.agrees('committed');

-- A report that fails while it reads the page of a delta leaves the page to others: the fold that takes the delta ends.
DO $$ BEGIN PERFORM reseller_report.materialize(); END $$;
SELECT is(pg_temp.ends('a: BEGIN', 'a: now()', 'b: BEGIN', 'b: report(2)', 'c: event(11)', 'b: event(12)', 'b: COMMIT',
    'a: report(1)'), '40001', 'a report meets a row whose transaction has missed one that came before');
SELECT dblink_send_query('d', 'SELECT deltas FROM reseller_report.materialize()') \g /dev/null
CREATE FUNCTION pg_temp.has_ended(session text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    deadline CONSTANT timestamptz := clock_timestamp() + interval '30 seconds';
BEGIN
    WHILE dblink_is_busy(session) = 1 AND clock_timestamp() < deadline LOOP
    END LOOP;
    RETURN dblink_is_busy(session) = 0;
END
$$;
SELECT ok(pg_temp.has_ended('d'), 'and does not keep a fold from its page');
SELECT * FROM finish();
