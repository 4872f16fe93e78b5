-- Each role sees in the tables for tools the rows of those resellers that it may read, and nothing of others, by whatever way it
-- asks: by grants of one reseller, of all and through membership, after SET ROLE, as superuser, through views and functions of
-- others.
SELECT no_plan();
SELECT setseed(0.43) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(60); END $$;
SELECT reseller_report.materialize() \g /dev/null
DO $$ BEGIN PERFORM random_usage.events(5); END $$;
SELECT reseller_report.issue_statement(r, '2024-02-01', '2024-04-01') FROM generate_series(1, 3) r \g /dev/null
CREATE ROLE tables_one;
CREATE ROLE tables_two;
CREATE ROLE tables_all;
CREATE ROLE tables_none;
CREATE ROLE tables_member;
CREATE ROLE tables_noinherit NOINHERIT;
CREATE ROLE tables_root SUPERUSER;
GRANT tables_one TO tables_member, tables_noinherit;
SELECT reseller_report.grant_access('tables_one', 1), reseller_report.grant_access('tables_two', 2),
    reseller_report.grant_access('tables_two', 11), reseller_report.grant_access('tables_all', NULL) \g /dev/null
CREATE TABLE pg_temp.may AS SELECT * FROM (VALUES ('tables_one', '{1}'::bigint[]), ('tables_two', '{2}'), ('tables_all', '{1,2,3}'),
    ('tables_none', '{}'), ('tables_member', '{1}'), ('tables_noinherit', '{}'), ('tables_root', '{1,2,3}')) v (role, resellers);
GRANT SELECT ON pg_temp.may TO PUBLIC;
CREATE TABLE pg_temp.view AS SELECT unnest(ARRAY['resellers', 'reseller_companies', 'quarter_hourly_usage', 'hourly_usage',
    'daily_usage', 'monthly_usage', 'statements']) AS name;
CREATE FUNCTION pg_temp.as_role(role name, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE command INTO answer;
        RESET ROLE;
        RETURN answer;
    EXCEPTION WHEN OTHERS THEN
        RESET ROLE;
        RETURN SQLSTATE || ' ' || SQLERRM;
    END;
END
$$;

SELECT is(pg_temp.as_role(m.role, format('SELECT array_agg(DISTINCT reseller_id ORDER BY reseller_id) FROM reseller_report.%I',
    v.name)), nullif(m.resellers, '{}')::text, format('%s sees its resellers in %s', m.role, v.name))
FROM pg_temp.may m, pg_temp.view v;
SELECT is(pg_temp.as_role(m.role, format('SELECT count(*) FROM reseller_report.%I WHERE reseller_id = %s', v.name, r))::bigint > 0,
    r = ANY (m.resellers), format('%s asks for reseller %s of %s', m.role, r, v.name))
FROM pg_temp.may m, pg_temp.view v, unnest(ARRAY[1, 2, 3, 11, 99]) r;
SELECT is(pg_temp.as_role(m.role, format('SELECT count(*) FROM reseller_report.%I', v.name)),
    (SELECT pg_temp.as_role('tables_root', format('SELECT count(*) FROM reseller_report.%I WHERE reseller_id = ANY (%L)', v.name,
        m.resellers))), format('%s sees all rows of them in %s', m.role, v.name))
FROM pg_temp.may m, pg_temp.view v;

-- Lines of statements name no reseller.
SELECT is(pg_temp.as_role(m.role,
        'SELECT array_agg(DISTINCT statement_id ORDER BY statement_id) FROM reseller_report.statement_lines'),
    nullif(m.resellers, '{}')::text, m.role || ' sees the lines of its resellers'' statements')
FROM pg_temp.may m;

-- A function that tells of what it is given sees nothing else, wherever the planner puts it.
CREATE FUNCTION public.tell(x anyelement) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    RAISE NOTICE 'told of %', x;
    PERFORM set_config('access.told', current_setting('access.told', true) || ' ' || x, false);
    RETURN true;
END
$$;
SELECT set_config('access.told', '', false) \g /dev/null
SELECT pg_temp.as_role('tables_one', format('SELECT count(*) FROM reseller_report.%I v WHERE public.tell(reseller_id)', v.name))
FROM pg_temp.view v \g /dev/null
SELECT pg_temp.as_role('tables_one', 'SELECT count(*) FROM reseller_report.statement_lines WHERE public.tell(statement_id)')
\g /dev/null
SELECT is((SELECT array_agg(DISTINCT t) FROM unnest(string_to_array(trim(current_setting('access.told')), ' ')) t), '{1}',
    'a leaky function sees rows of the role''s reseller alone');
SELECT is(pg_temp.as_role('tables_one', format(
    'SELECT count(*) FROM reseller_report.%I v WHERE reseller_id = 2 AND 1 / (reseller_id - 2) = 1', v.name)), '0',
    'an error tells nothing of other resellers: ' || v.name) FROM pg_temp.view v;
-- EXPLAIN shows the same to all, and EXPLAIN ANALYZE counts rows of one's own resellers.
CREATE FUNCTION pg_temp.plan(role name, options text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, command) LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RESET ROLE;
    RETURN plan;
END
$$;
SELECT is(pg_temp.plan('tables_none', 'COSTS ON', query), pg_temp.plan('tables_all', 'COSTS ON', query), query)
FROM (SELECT format('SELECT * FROM reseller_report.%I WHERE reseller_id = 2', v.name) AS query FROM pg_temp.view v) q;
SELECT matches(pg_temp.plan('tables_none', 'ANALYZE', 'SELECT * FROM reseller_report.daily_usage'), 'Summary Rows Read: 0',
    'nothing is read for whom nothing is granted');
SELECT is_empty($$SELECT FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid WHERE c.relkind = 'f'$$, 'no statistics');
ANALYZE;
SELECT is_empty($$SELECT FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid WHERE c.relkind = 'f'$$, 'without statistics');

-- Views and functions of others: a view reads as who asks, a definer's function as its owner.
GRANT CREATE ON SCHEMA public TO tables_one, tables_all;
SET ROLE tables_all;
CREATE VIEW public.view_of_all AS SELECT * FROM reseller_report.daily_usage;
CREATE FUNCTION public.function_of_all() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS 'SELECT count(DISTINCT reseller_id) FROM reseller_report.daily_usage';
CREATE MATERIALIZED VIEW public.kept_of_all AS SELECT DISTINCT reseller_id FROM reseller_report.daily_usage;
GRANT SELECT ON public.view_of_all, public.kept_of_all TO PUBLIC;
RESET ROLE;
SELECT is(pg_temp.as_role('tables_one', 'SELECT array_agg(DISTINCT reseller_id) FROM public.view_of_all'), '{1}',
    'a view of a granted role delegates nothing');
SELECT is(pg_temp.as_role('tables_none', 'SELECT count(*) FROM public.view_of_all'), '0', 'to nobody');
SELECT is(pg_temp.as_role('tables_none', 'SELECT public.function_of_all()'), '3', 'a function of its definer''s rights does');
SELECT is(pg_temp.as_role('tables_none', 'SELECT count(*) FROM public.kept_of_all'), '3', 'and so does what was kept');
-- A prepared plan asks who reads each time; a change of grants counts at once.
PREPARE readers AS SELECT coalesce(array_agg(DISTINCT reseller_id ORDER BY reseller_id), '{}') FROM reseller_report.daily_usage;
SET plan_cache_mode = force_generic_plan;
SELECT is(pg_temp.as_role(m.role, 'EXECUTE readers'), m.resellers::text, 'a prepared plan for ' || m.role) FROM pg_temp.may m;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(pg_temp.as_role('tables_one', 'SELECT count(*) > 0 FROM reseller_report.daily_usage'), 'true', 'granted');
SELECT reseller_report.revoke_access('tables_one', 1) \g /dev/null
SELECT is(pg_temp.as_role('tables_one', 'SELECT count(*) FROM reseller_report.daily_usage'), '0', 'and revoked');
ROLLBACK;

-- The tables behind the views, and writing. Statements have no foreign table: statements.sql has what is refused there.
DELETE FROM pg_temp.view WHERE name = 'statements';
SELECT matches(pg_temp.as_role(r, format(command, v.name)), '^42501 ', format('%s: ' || command, r, v.name))
FROM pg_temp.view v, unnest(ARRAY['tables_all', 'tables_none']) r, unnest(ARRAY['SELECT FROM reseller_report._%s',
    'INSERT INTO reseller_report.%s SELECT * FROM reseller_report.%1$s', 'DELETE FROM reseller_report.%s',
    'UPDATE reseller_report.%s SET reseller_id = 1', 'DROP VIEW reseller_report.%s', 'ALTER VIEW reseller_report.%s RENAME TO x',
    'SELECT * FROM reseller_report.%s FOR UPDATE']) command;
SELECT matches(pg_temp.as_role('tables_root', format(command, v.name)), '^(55000|0A000|42809) ', command)
FROM pg_temp.view v, unnest(ARRAY['INSERT INTO reseller_report.%s SELECT * FROM reseller_report.%1$s',
    'DELETE FROM reseller_report.%s', 'UPDATE reseller_report.%s SET reseller_id = 1', 'TRUNCATE reseller_report._%s']) command;
SELECT matches(pg_temp.as_role(r, command), '^42501 ', r || ': ' || command)
FROM unnest(ARRAY['tables_all', 'tables_none']) r, unnest(ARRAY[
    'CREATE FOREIGN TABLE pg_temp.mine (reseller_id bigint) SERVER reseller_report_tables',
    'CREATE SERVER mine FOREIGN DATA WRAPPER reseller_report_tables',
    'CREATE USER MAPPING FOR CURRENT_USER SERVER reseller_report_tables', 'SELECT reseller_report._tables_handler()']) command;
SET ROLE tables_root;
CREATE SCHEMA mine;
CREATE FOREIGN TABLE mine._resellers (reseller_id bigint, name text, time_zone text, currency text) SERVER reseller_report_tables;
SELECT throws_ok('SELECT * FROM mine._resellers', '55000', 'foreign table "_resellers" is not one that the extension made',
    'the wrapper serves the extension''s own tables alone');
DROP SCHEMA mine CASCADE;
SELECT throws_ok(format(command, v.name), '0A000', format('"reseller_report._%s" must stay as the extension made it', v.name),
    command)
FROM (SELECT name FROM pg_temp.view WHERE name <> 'resellers') v, unnest(ARRAY['ALTER FOREIGN TABLE reseller_report._%s ADD x text',
    'ALTER FOREIGN TABLE reseller_report._%s RENAME bucket TO b',
    'ALTER FOREIGN TABLE reseller_report._%s RENAME TO x']) command
WHERE command !~ 'bucket' OR v.name ~ 'usage';
RESET ROLE;

DROP FUNCTION public.tell(anyelement);
DROP OWNED BY tables_one, tables_two, tables_all, tables_none, tables_member, tables_noinherit, tables_root CASCADE;
DROP ROLE tables_one, tables_two, tables_all, tables_none, tables_member, tables_noinherit, tables_root;
SELECT * FROM finish();
