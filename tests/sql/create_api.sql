-- create_api() makes a schema that holds what everybody may read by, and nothing else: what generators like PostgREST offer.
SELECT no_plan();
SELECT setseed(0.16) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(50); END $$;
CREATE ROLE create_api_owner;
CREATE ROLE create_api_web;
CREATE ROLE create_api_more;
CREATE ROLE create_api_gone;
GRANT CREATE ON DATABASE :"DBNAME" TO create_api_owner;
SELECT reseller_report.grant_access('create_api_web', 1) \g /dev/null
SELECT throws_ok('SET ROLE create_api_owner; SELECT reseller_report.create_api()', '42501', NULL, 'it is not for everybody');
RESET ROLE;
GRANT EXECUTE ON FUNCTION reseller_report.create_api(name) TO create_api_owner;
GRANT EXECUTE ON FUNCTION reseller_report.bot(bigint, timestamptz, timestamptz, boolean) TO create_api_more,
    create_api_gone WITH GRANT OPTION;
REVOKE EXECUTE ON FUNCTION reseller_report.bot(bigint, timestamptz, timestamptz, boolean) FROM create_api_gone;
SET ROLE create_api_owner;
SELECT reseller_report.create_api() \g /dev/null
SELECT reseller_report.create_api('Odd "name"') \g /dev/null
RESET ROLE;

SELECT set_eq($$SELECT proname FROM pg_proc WHERE pronamespace = 'api'::regnamespace$$,
    $$SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'reseller_report'::regnamespace AND p.proname !~ '^_'
        AND has_function_privilege('create_api_web', p.oid, 'EXECUTE')$$, 'the functions that everybody may call');
SELECT set_has($$SELECT proname FROM pg_proc WHERE pronamespace = 'api'::regnamespace$$,
    $$SELECT unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot',
        'reseller_and_companies', 'totals', 'usage',
        'usage_series', 'usage_events', 'named_period'])::name$$, 'all that the reference has');
SELECT is_empty($$
    SELECT a.oid::regprocedure FROM pg_proc a JOIN pg_proc p ON p.proname = a.proname
        AND p.pronamespace = 'reseller_report'::regnamespace
    WHERE a.pronamespace = 'api'::regnamespace
        AND (a.provolatile <> 's' OR a.proparallel <> 'r' OR a.prosecdef OR a.proowner <> 'create_api_owner'::regrole
            OR a.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'sql')
            OR pg_get_function_arguments(a.oid) <> pg_get_function_arguments(p.oid) OR a.proretset <> p.proretset
            OR a.prorows <> p.prorows
            OR obj_description(a.oid, 'pg_proc') IS DISTINCT FROM obj_description(p.oid, 'pg_proc'))$$,
                'as the originals are');
SELECT is_empty($$
    SELECT a.proname, p.name, p.type::regtype FROM pg_proc a JOIN pg_type t ON t.oid = a.prorettype
        JOIN pg_proc o ON o.proname = a.proname AND o.pronamespace = 'reseller_report'::regnamespace,
        unnest(o.proargnames, o.proargmodes, o.proallargtypes) WITH ORDINALITY AS p (name, mode, type, n)
    WHERE a.pronamespace = 'api'::regnamespace AND a.proretset AND p.mode = 't' AND NOT EXISTS (
        SELECT FROM pg_attribute c WHERE c.attrelid = t.typrelid AND c.attname = p.name AND c.atttypid = p.type
            AND c.attnum = p.n - o.pronargs
            AND t.typname = a.proname || '_row')$$, 'their rows have named types of the same columns');
SELECT is_empty($$SELECT FROM pg_depend WHERE deptype = 'e' AND objid IN (SELECT oid FROM pg_proc
    WHERE pronamespace = 'api'::regnamespace)$$, 'none is the extension''s');
SELECT set_eq($$SELECT relname FROM pg_class WHERE relnamespace = 'api'::regnamespace AND relkind = 'v'$$,
    $$SELECT unnest(ARRAY['resellers', 'reseller_companies', 'quarter_hourly_usage', 'hourly_usage', 'daily_usage',
        'monthly_usage', 'statements', 'statement_lines'])::name$$, 'the views that everybody may read');
SELECT is_empty($$
    SELECT o.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(o.oid, a.attnum),
        obj_description(o.oid, 'pg_class') FROM pg_class o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0
    WHERE o.relnamespace = 'reseller_report'::regnamespace
        AND o.relname IN (SELECT relname FROM pg_class WHERE relnamespace = 'api'::regnamespace AND relkind = 'v')
    EXCEPT
    SELECT o.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(o.oid, a.attnum),
        obj_description(o.oid, 'pg_class') FROM pg_class o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0
    WHERE o.relnamespace = 'api'::regnamespace$$, 'with the columns and comments of the originals');
SELECT ok(has_table_privilege('create_api_web', 'api.daily_usage', 'SELECT'), 'and their rights');
SELECT ok(has_function_privilege('create_api_more', 'api.bot(bigint,timestamptz,timestamptz,boolean)', 'EXECUTE'),
    'rights are copied');
REVOKE EXECUTE ON FUNCTION api.bot(bigint, timestamptz, timestamptz, boolean) FROM PUBLIC;
SELECT ok(has_function_privilege('create_api_more', 'api.bot(bigint,timestamptz,timestamptz,boolean)', 'EXECUTE'),
    'by role, too');
SELECT ok(NOT has_function_privilege('create_api_gone', 'api.bot(bigint,timestamptz,timestamptz,boolean)', 'EXECUTE'),
    'those that are there');
GRANT EXECUTE ON FUNCTION api.bot(bigint, timestamptz, timestamptz, boolean) TO PUBLIC;
SELECT ok(NOT has_schema_privilege('create_api_web', 'api', 'USAGE'), 'the schema is the caller''s to open');
GRANT USAGE ON SCHEMA api TO create_api_web;

-- They answer as the originals, for who may read.
GRANT USAGE, CREATE ON SCHEMA public TO create_api_web;
SET ROLE create_api_web;
SELECT results_eq(format('SELECT * FROM api.%s', c), format('SELECT * FROM reseller_report.%s', c), c) FROM unnest(ARRAY[
    'text_messaging(1, ''2024-02-01'', ''2024-04-01'')', 'chat(1, ''2024-02-01'', ''2024-04-01'', true)',
        'bot(1, ''-infinity'', ''infinity'', has_expenses => true)',
    'telephony_outgoing(1, ''2024-02-01'', ''2024-04-01'')', 'telephony_incoming(1, ''2024-02-01'', ''2024-04-01'')',
    'totals(1, ''2024-02-01'', ''2024-04-01'')', 'usage(1, ''2024-02-01'', ''2024-04-01'', only_service => ''chat'')',
    'usage_series(1, ''2024-02-01'', ''2024-04-01'', in_time_zone => ''Asia/Kolkata'')',
        'usage_events(1, 15, ''chat'', ''2024-02-01'', ''2024-04-01'', row_limit => 3)',
    'named_period(1, ''last_month'')']) c;
SELECT bag_eq(format('SELECT * FROM api.%I', v), format('SELECT * FROM reseller_report.%I', v), v) FROM unnest(ARRAY['resellers',
    'reseller_companies', 'hourly_usage', 'daily_usage', 'monthly_usage']) v;
SELECT results_eq('SELECT DISTINCT reseller_id FROM api.daily_usage', 'VALUES (1::bigint)', 'of the resellers of the role');
SELECT is(api.reseller_and_companies(1, '2024-02-01', '2024-04-01', order_by => '-name')::text,
    reseller_report.reseller_and_companies(1, '2024-02-01', '2024-04-01', order_by => '-name')::text, 'the page');
SELECT throws_ok('SELECT * FROM api.totals(2, ''2024-02-01'', ''2024-04-01'')', '42501', 'permission denied for reseller 2',
    'and for nobody else');
RESET ROLE;
-- The planner sees through them.
CREATE FUNCTION pg_temp.plan(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || command;
END
$$;
SELECT is((SELECT string_agg(p, ' ') FROM pg_temp.plan('SELECT * FROM api.totals(1, ''2024-02-01'', ''2024-04-01'')') p),
    'Function Scan on totals', 'inlined');
SELECT matches((SELECT string_agg(p, ' ')
    FROM pg_temp.plan('SELECT (x.*)::text FROM api.usage(1, ''2024-02-01'', ''2024-04-01'') x WHERE item = ''sms''') p),
    'Filter: \(item = ', 'with conditions');

SELECT lives_ok($$SELECT * FROM "Odd ""name""".totals(1, '2024-02-01', '2024-04-01')$$, 'in any schema');
SELECT throws_ok('SELECT reseller_report.create_api()', '42P06', NULL, 'that is not there yet');
SELECT throws_ok('SELECT reseller_report.create_api(NULL)', '22004', 'schema_name must not be NULL', 'it has a name');
-- Where the originals are for some roles only, so are these.
REVOKE EXECUTE ON FUNCTION reseller_report.chat(bigint, timestamptz, timestamptz, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reseller_report.chat(bigint, timestamptz, timestamptz, boolean) TO create_api_more;
REVOKE SELECT ON reseller_report.hourly_usage FROM PUBLIC;
GRANT SELECT ON reseller_report.hourly_usage TO create_api_more;
SET ROLE create_api_owner;
SELECT reseller_report.create_api('some_roles') \g /dev/null
RESET ROLE;
SELECT results_eq($$
    SELECT r, has_function_privilege(r, 'some_roles.chat(bigint,timestamptz,timestamptz,boolean)', 'EXECUTE'),
        has_table_privilege(r, 'some_roles.hourly_usage', 'SELECT')
    FROM unnest(ARRAY['create_api_more', 'create_api_web']) r$$,
    $$VALUES ('create_api_more', true, true), ('create_api_web', false, false)$$, 'what PUBLIC may not read is made for who may');
GRANT USAGE ON SCHEMA some_roles TO create_api_more, create_api_web;
GRANT SELECT ON some_roles.hourly_usage TO create_api_web;
SET ROLE create_api_more;
SELECT lives_ok('SELECT * FROM some_roles.hourly_usage', 'who may read the original reads the view');
SET ROLE create_api_web;
SELECT throws_ok('SELECT * FROM some_roles.hourly_usage', '42501', NULL, 'and nobody else does, whatever the rights on the view');
RESET ROLE;
GRANT EXECUTE ON FUNCTION reseller_report.chat(bigint, timestamptz, timestamptz, boolean) TO PUBLIC;
REVOKE ALL ON FUNCTION reseller_report.chat(bigint, timestamptz, timestamptz, boolean) FROM create_api_more;
GRANT SELECT ON reseller_report.hourly_usage TO PUBLIC;
REVOKE ALL ON reseller_report.hourly_usage FROM create_api_more;
REVOKE ALL ON SCHEMA public FROM create_api_web;
DROP OWNED BY create_api_owner, create_api_web, create_api_more, create_api_gone;
DROP ROLE create_api_owner, create_api_web, create_api_more, create_api_gone;
SELECT * FROM finish();
