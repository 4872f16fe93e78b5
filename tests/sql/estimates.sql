-- The planner is told how many rows a function returns where its arguments are known, and of resellers that the role may not read
-- it is told nothing. Plans around the functions are chosen by that, and answer alike: prepared, lateral, by cursor, in parallel.
SELECT no_plan();
\ir ../lib/sessions.sql
INSERT INTO reseller_report.company SELECT n, 'Reseller ' || n, true FROM generate_series(1, 6) n
    UNION ALL SELECT n, 'Company ' || n, false FROM generate_series(101, 8100) n;
-- Few, many, all that are counted and more; 4 has none. 6 has had each of its companies twice.
INSERT INTO reseller_report.dependency (reseller_id, company_id)
    SELECT 1, n FROM generate_series(101, 112) n
    UNION ALL SELECT 2, n FROM generate_series(1001, 6000) n
    UNION ALL SELECT 3, n FROM generate_series(201, 440) n
    UNION ALL SELECT 5, n FROM generate_series(6001, 6400) n;
INSERT INTO reseller_report.dependency
    SELECT 6, n, d FROM generate_series(7001, 7100) n, unnest('{"(,2024-01-01)","[2024-02-01,)"}'::tstzrange[]) d;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT company_id, '2024-03-05 10:00+00', 1
    FROM reseller_report.dependency, generate_series(1, 2) WHERE reseller_id IN (1, 2) AND company_id % 3 > 0;
INSERT INTO usage.chat_message (company_id, sender, via_alice, occurred_at, price_twin)
    SELECT d.company_id, s, a, '2024-03-05 10:00+00', 1 FROM reseller_report.dependency d,
        unnest('{operator,bot,user}'::text[]) s, unnest('{true,false}'::boolean[]) a WHERE reseller_id = 1;
SELECT reseller_report.materialize() \g /dev/null
CREATE ROLE estimates_one;
CREATE ROLE estimates_all;
CREATE ROLE estimates_none;
CREATE ROLE estimates_member IN ROLE estimates_one;
SELECT reseller_report.grant_access('estimates_one', 1), reseller_report.grant_access('estimates_all', NULL) \g /dev/null

CREATE FUNCTION pg_temp.plan(command text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || command INTO plan;
    RETURN plan #> '{0,Plan}';
END
$$;
CREATE FUNCTION pg_temp.expected(call text) RETURNS bigint LANGUAGE sql AS $$
    SELECT (pg_temp.plan(replace('SELECT * FROM @' || call, '@', 'reseller_report.')) ->> 'Plan Rows')::bigint
$$;
CREATE FUNCTION pg_temp.expected_by(role name, call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    rows := pg_temp.expected(call);
    RESET ROLE;
    RETURN rows;
END
$$;
CREATE FUNCTION pg_temp.returned(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
BEGIN
    EXECUTE replace('SELECT count(*) FROM @' || call, '@', 'reseller_report.') INTO rows;
    RETURN rows;
END
$$;
-- A pgTAP test: what is expected is at most twice and at least half of what is returned.
CREATE FUNCTION pg_temp.is_near(call text, label text) RETURNS text LANGUAGE sql AS $$
    SELECT ok(greatest(pg_temp.returned(call), 1) BETWEEN pg_temp.expected(call) / 2.0 AND pg_temp.expected(call) * 2,
        format('%s: %s: %s expected, %s returned', label, call, pg_temp.expected(call), pg_temp.returned(call)))
$$;
CREATE TABLE pg_temp.call AS
    SELECT format('%s(%s, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'')', f, r) AS call
    FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot']) f, generate_series(1, 6) r
    UNION ALL SELECT format('bot(%s, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'', true)', r) FROM generate_series(1, 2) r
    UNION ALL SELECT format('usage(%s, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'')', r) FROM unnest(ARRAY[1, 4]) r
    UNION ALL SELECT format('usage(%s, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'', ''bot'')', r) FROM unnest(ARRAY[1, 2, 4]) r
    UNION ALL SELECT format('usage_series(1, %s, %L, %s)', p, s, v) FROM unnest(ARRAY['hour', 'day', 'week', 'month', 'quarter',
        'year']) s, unnest(ARRAY['NULL', '''chat''']) v, unnest(ARRAY[
        '''2024-03-01 00:00 Europe/Moscow'', ''2024-04-01 00:00 Europe/Moscow''',
        '''2024-03-15 12:00+00'', ''2024-03-15 13:00+00''',
        '''2023-11-30 00:00+00'', ''2024-02-02 00:00+00''', '''2020-01-01 00:00+00'', ''2024-01-01 00:00+00''',
        'now() - interval ''7 days'', now()', 'timestamptz ''2024-03-01'', timestamptz ''2024-03-01'' + interval ''90 days''']) p
    UNION ALL SELECT 'totals(2, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'')'
    UNION ALL SELECT 'named_period(1, ''today'')'
    UNION ALL SELECT 'usage_events(2, 1001, ''bot'', ''2024-03-01'', ''2024-04-01'', row_limit => 2)'
    UNION ALL SELECT 'text_messaging(period_to => ''2024-04-01'', period_from => ''2024-03-01'', reseller_id => 1)';
SELECT is(pg_temp.expected('bot(2, ''2024-03-01'', ''2024-04-01'')'), 200::bigint, 'without statistics, of many');
SELECT pg_temp.is_near(call, 'without statistics') FROM pg_temp.call WHERE call !~ '\w\(2, ';
ANALYZE reseller_report.dependency;
SELECT pg_temp.is_near(call, 'with statistics') FROM pg_temp.call;

-- Who may not read a reseller is told the same of all, whether there is such a reseller or not.
CREATE TABLE pg_temp.of_reseller AS SELECT f || '(%s, ''2024-03-01'', ''2024-04-01'')' AS call FROM unnest(ARRAY['text_messaging',
    'chat', 'telephony_outgoing', 'telephony_incoming', 'bot', 'usage']) f;
GRANT SELECT ON pg_temp.of_reseller TO PUBLIC;
SELECT is(pg_temp.expected_by(w.role, format(call, w.reseller)), 1000::bigint,
    format('%s is told nothing of reseller %s by %s', w.role, w.reseller, call))
FROM pg_temp.of_reseller, (VALUES ('estimates_none', 1), ('estimates_none', 2), ('estimates_none', 3), ('estimates_none', 99),
    ('estimates_one', 2), ('estimates_one', 3), ('estimates_one', 4), ('estimates_one', 99),
    ('estimates_member', 2)) w (role, reseller);
SELECT is(pg_temp.expected_by(role, format(call, 1)), pg_temp.expected(format(call, 1)), format('%s is told what is expected of %s',
    role, call)) FROM pg_temp.of_reseller, unnest(ARRAY['estimates_one', 'estimates_member', 'estimates_all']) role;
-- Nor by a plan that was made for another role.
PREPARE of_two AS SELECT * FROM reseller_report.bot(2, '2024-03-01', '2024-04-01');
SET plan_cache_mode = force_generic_plan;
SELECT ok((pg_temp.plan('EXECUTE of_two') ->> 'Plan Rows')::bigint BETWEEN 4000 AND 6000, 'a kept plan tells who may read');
SET ROLE estimates_none;
SELECT (pg_temp.plan('EXECUTE of_two') ->> 'Plan Rows')::bigint AS told \gset
RESET ROLE;
SELECT is(:told::bigint, 1000::bigint, 'and does not tell another role');
SELECT (pg_temp.plan('EXECUTE of_two') ->> 'Plan Rows')::bigint AS told \gset
SELECT ok(:told BETWEEN 4000 AND 6000, 'and tells the first again');

-- What is not known when the plan is made leaves ROWS.
PREPARE any_bot(bigint, timestamptz, timestamptz) AS SELECT * FROM reseller_report.bot($1, $2, $3);
PREPARE any_series(timestamptz, timestamptz, text) AS SELECT * FROM reseller_report.usage_series(1, $1, $2, $3);
SELECT is((pg_temp.plan('EXECUTE any_bot(1, ''2024-03-01'', ''2024-04-01'')') ->> 'Plan Rows')::bigint, 1000::bigint,
    'a generic plan of a report');
SELECT is((pg_temp.plan('EXECUTE any_series(''2024-03-01'', ''2024-04-01'', ''day'')') ->> 'Plan Rows')::bigint, 1000::bigint,
    'a generic plan of a series');
SET plan_cache_mode = force_custom_plan;
SELECT is((pg_temp.plan('EXECUTE any_bot(1, ''2024-03-01'', ''2024-04-01'')') ->> 'Plan Rows')::bigint, 12::bigint,
    'a custom plan of a report');
SELECT is((pg_temp.plan('EXECUTE any_series(''2024-03-01'', ''2024-04-01'', ''day'')') ->> 'Plan Rows')::bigint, 155::bigint,
    'a custom plan of a series');
RESET plan_cache_mode;
SELECT is(pg_temp.expected(call), 1000::bigint, 'nothing is known of ' || call) FROM unnest(ARRAY[
    'bot(NULL, ''2024-03-01'', ''2024-04-01'')', 'bot((SELECT 1), ''2024-03-01'', ''2024-04-01'')',
    'usage(1, ''2024-03-01'', ''2024-04-01'', ''fax'')', 'usage(1, ''2024-03-01'', ''2024-04-01'', (SELECT ''bot''))',
    'usage_series(1, ''2024-03-01'', ''2024-04-01'', ''fortnight'')', 'usage_series(1, ''-infinity'', ''2024-04-01'')',
    'usage_series(1, ''2024-03-01'', ''infinity'')', 'usage_series(1, NULL, ''2024-04-01'')',
    'usage_series(1, ''2024-03-01'', ''2024-04-01'', only_service => ''fax'')',
    'usage_series(1, (SELECT now()), ''2034-04-01'')', 'usage_events(1, 101, ''bot'', ''2024-03-01'', ''2024-04-01'')']) call;
SELECT is(pg_temp.expected(call), rows, call) FROM (VALUES
    ('usage_series(1, ''2024-04-01'', ''2024-03-01'')', 5::bigint),
    ('usage_series(1, ''4000-01-01 BC'', ''290000-01-01'', ''hour'')', 500000),
    ('usage_series(1, ''2024-03-01'', ''2024-04-01'', NULL)', 155),
    ('usage_events(1, 101, ''bot'', ''2024-03-01'', ''2024-04-01'', row_limit => 0)', 1),
    ('usage_events(1, 101, ''bot'', ''2024-03-01'', ''2024-04-01'', row_limit => -7)', 1)) v (call, rows);
-- Functions of users are not called when a plan is made, and errors are those of the call.
CREATE FUNCTION public.estimates_raises() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE 'called'; END $$;
SELECT is(pg_temp.expected('bot(public.estimates_raises(), ''2024-03-01'', ''2024-04-01'')'), 1000::bigint,
    'functions of users are not called');
DROP FUNCTION public.estimates_raises();

-- A lateral call of a reseller that is known, and one of each row's own; and a call in the list of a query.
SELECT is((pg_temp.plan($$SELECT * FROM reseller_report.named_period(1, 'last_month') p,
    LATERAL reseller_report.bot(1, p.period_from, p.period_to)$$) ->> 'Plan Rows')::bigint, 12::bigint,
    'lateral, of a known reseller');
SELECT is((pg_temp.plan($$SELECT * FROM unnest(ARRAY[1, 2]) r, LATERAL reseller_report.bot(r, '2024-03-01', '2024-04-01')$$)
    ->> 'Plan Rows')::bigint, 2000::bigint, 'lateral, of each row''s reseller');
SELECT is((pg_temp.plan($$SELECT reseller_report.bot(1, '2024-03-01', '2024-04-01')$$) ->> 'Plan Rows')::bigint, 12::bigint,
    'in the list of a query');
SELECT results_eq($$SELECT r, count(*) FROM unnest(ARRAY[1, 2]) r, LATERAL reseller_report.bot(r, '2024-03-01', '2024-04-01')
    GROUP BY 1 ORDER BY 1$$, 'VALUES (1, 12::bigint), (2, 5000)', 'which answers for each');
-- Through a function of create_api, and a view.
SELECT reseller_report.create_api('estimates_api') \g /dev/null
SELECT is((pg_temp.plan($$SELECT * FROM estimates_api.bot(1, '2024-03-01', '2024-04-01')$$) ->> 'Plan Rows')::bigint, 12::bigint,
    'through create_api');
CREATE VIEW pg_temp.bots AS SELECT * FROM reseller_report.bot(1, '2024-03-01', '2024-04-01');
SELECT is((pg_temp.plan('TABLE pg_temp.bots') ->> 'Plan Rows')::bigint, 12::bigint, 'through a view');

-- Joins with a table of the application: few companies are looked up, many are hashed.
CREATE TABLE public.customer AS SELECT n::bigint AS company_id, 'Manager ' || n % 7 AS manager FROM generate_series(1, 100000) n;
CREATE UNIQUE INDEX ON public.customer (company_id);
ANALYZE public.customer;
CREATE FUNCTION pg_temp.joined(reseller int, options text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT manager, count(*), sum(total_price_to_twin) FROM reseller_report.bot(%s, ''2024-03-01'', ''2024-04-01'')
        JOIN public.customer ON company_id = id GROUP BY manager ORDER BY manager', reseller)
$$;
-- PostgreSQL 19 would add up before it joins, and estimate what comes out of that.
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'enable_eager_aggregate' \g /dev/null
SELECT matches(pg_temp.plan(pg_temp.joined(1))::text, '"Index Scan".*"Nested Loop"', 'few companies are looked up by the index');
SELECT matches(pg_temp.plan(pg_temp.joined(2))::text, '"(Hash|Merge) Join"', 'many are joined at once');
SELECT doesnt_match(pg_temp.plan(pg_temp.joined(2))::text, '"Nested Loop"', 'and not one by one');
CREATE TABLE pg_temp.answer AS SELECT c.manager, count(*), sum(b.total_price_to_twin)
    FROM (SELECT * FROM reseller_report.bot(2, '2024-03-01', '2024-04-01') OFFSET 0) b, public.customer c
    WHERE c.company_id = b.id GROUP BY 1;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT matches(pg_temp.plan(pg_temp.joined(2))::text, '"Gather', 'in parallel');
SELECT bag_eq(pg_temp.joined(2), 'TABLE pg_temp.answer', 'with the same answer');
SET parallel_leader_participation = off;
SELECT bag_eq(pg_temp.joined(2), 'TABLE pg_temp.answer', 'and by workers alone');
RESET ALL;
-- By cursor.
BEGIN;
DECLARE companies SCROLL CURSOR FOR SELECT id FROM reseller_report.bot(2, '2024-03-01', '2024-04-01');
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM reseller_report.bot(1, '2024-03-01', '2024-04-01');
MOVE 4998 FROM companies;
SELECT results_eq('FETCH ALL FROM companies', 'VALUES (5999::bigint), (6000)', 'a cursor forwards');
MOVE ABSOLUTE 2 FROM companies;
SELECT results_eq('FETCH BACKWARD 1 FROM companies', 'VALUES (1001::bigint)', 'and backwards');
COMMIT;
SELECT results_eq('FETCH 2 FROM held', 'VALUES (101::bigint), (102)', 'a cursor that is held');
CLOSE held;

-- A plan waits for nobody: where a table is locked, nothing is expected of it.
SELECT pg_temp.connect('other') \g /dev/null
SELECT dblink_exec('other', 'BEGIN') \g /dev/null
SELECT dblink_exec('other', 'LOCK TABLE reseller_report.dependency IN ACCESS EXCLUSIVE MODE') \g /dev/null
SET lock_timeout = '2s';
SELECT is(pg_temp.expected('bot(1, ''2024-03-01'', ''2024-04-01'')'), 1000::bigint, 'a plan waits for no lock of dependency');
SELECT dblink_exec('other', 'ROLLBACK; BEGIN; LOCK TABLE reseller_report.access IN ACCESS EXCLUSIVE MODE') \g /dev/null
SELECT is(pg_temp.expected('bot(1, ''2024-03-01'', ''2024-04-01'')'), 1000::bigint, 'nor of access');
SELECT dblink_exec('other', 'ROLLBACK') \g /dev/null
SELECT is(pg_temp.expected('bot(1, ''2024-03-01'', ''2024-04-01'')'), 12::bigint, 'and goes on when it is free');
-- A plan is serializable with all else, for it reads untracked.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pg_temp.expected('bot(1, ''2024-03-01'', ''2024-04-01'')') \g /dev/null
SELECT is_empty($$SELECT relation::regclass FROM pg_locks WHERE mode = 'SIReadLock' AND pid = pg_backend_pid()
    AND relation::regclass::text ~ '^reseller_report'$$, 'a plan leaves no predicate lock');
COMMIT;

SELECT dblink_disconnect('other') \g /dev/null
DROP SCHEMA estimates_api CASCADE;
DROP TABLE public.customer;
DROP ROLE estimates_one, estimates_all, estimates_none, estimates_member;
SELECT * FROM finish();
