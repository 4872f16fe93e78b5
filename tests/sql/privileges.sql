-- A role reaches what is meant for it and nothing else. A function that is not on the list here must be revoked from PUBLIC, and
-- one that does not pin its search path must be on the other list.
SELECT no_plan();
CREATE ROLE privileges_stranger;
CREATE ROLE privileges_writer;
CREATE ROLE privileges_web;
GRANT USAGE ON SCHEMA usage TO privileges_writer;
GRANT ALL ON ALL TABLES IN SCHEMA usage TO privileges_writer;
GRANT ALL ON ALL SEQUENCES IN SCHEMA usage TO privileges_writer;
SELECT setseed(0.17) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(),
    random_usage.events(20); PERFORM reseller_report.materialize(); PERFORM random_usage.events(5),
    reseller_report.grant_access('privileges_web', 1); END $$;

-- What is open, by the catalogs.
CREATE VIEW pg_temp.function AS SELECT p.*, p.oid::regprocedure::text AS signature FROM pg_proc p
    WHERE p.pronamespace = 'reseller_report'::regnamespace;
CREATE TABLE pg_temp.open AS
    SELECT unnest(ARRAY['_capture()', '_pending()', '_freshness()', '_may_read(bigint)',
        'open_corrections(bigint)', 'verify_statements(bigint)', 'counted_as(regclass,jsonb)',
        '_rebuild_procedure_slices(regclass,timestamp with time zone,timestamp with time zone)',
        '_rebuild_procedure_slice(regclass,timestamp with time zone,timestamp with time zone)']
    || ARRAY(SELECT s || '(bigint,timestamp with time zone,timestamp with time zone,boolean)'
        FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot']) s)
    || ARRAY['totals(bigint,timestamp with time zone,timestamp with time zone)',
        'usage(bigint,timestamp with time zone,timestamp with time zone,text)',
        'usage_series(bigint,timestamp with time zone,timestamp with time zone,text,text,bigint,text)',
        'named_period(bigint,text,timestamp with time zone)',
        'reseller_and_companies(bigint,timestamp with time zone,timestamp with time zone,boolean,text[],text,text,integer,'
            'integer)',
        'usage_events(bigint,bigint,text,timestamp with time zone,timestamp with time zone,text,integer,jsonb)']) AS name;
CREATE TABLE pg_temp.open_view AS SELECT unnest(ARRAY['resellers', 'reseller_companies', 'quarter_hourly_usage',
    'hourly_usage', 'daily_usage', 'monthly_usage', 'statements', 'statement_lines']) AS name;
SELECT set_eq(format('SELECT signature FROM pg_temp.function f WHERE has_function_privilege(%L, f.oid, ''EXECUTE'')', role),
    'SELECT ''reseller_report.'' || name FROM pg_temp.open', role || ' may execute what is on the list')
FROM unnest(ARRAY['privileges_stranger', 'privileges_writer', 'privileges_web']) AS role;
SELECT set_eq($$SELECT f.proname FROM pg_temp.function f
    WHERE NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false)$$,
        $$VALUES ('_capture'::name), ('_ddl_command_start'), ('_guard'), ('rebuild'), ('_report_rows'), ('_usage_rows'),
            ('_usage_series_rows'), ('_usage_events_rows')$$,
    'every function but these pins its search path');
SELECT is_empty($$SELECT signature FROM pg_temp.function f WHERE f.prosecdef
    AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false)$$,
        'every SECURITY DEFINER function pins its search path');
SELECT is_empty($$SELECT c.oid::regclass, r.role, p FROM pg_class c,
    (VALUES ('privileges_stranger'), ('privileges_writer'), ('privileges_web')) AS r (role),
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
    WHERE c.relnamespace = 'reseller_report'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND has_any_column_privilege(r.role, c.oid, p)
        AND NOT (p = 'SELECT' AND c.relname IN (SELECT name FROM pg_temp.open_view))$$,
    'no column is open but those of views that everybody may read');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'reseller_report'::regnamespace
    AND c.relkind NOT IN ('r', 'v', 'i', 'f') AND c.relkind <> 'c' AND c.relname <> 'statement_id_seq'$$,
    'there is nothing but tables, views, indexes and one sequence');
SELECT is(has_sequence_privilege('privileges_stranger', 'reseller_report.statement_id_seq', 'USAGE, SELECT, UPDATE'), false,
    'the sequence is not open');
SELECT is_empty($$SELECT t.oid::regtype FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid LEFT
    JOIN pg_type e ON e.oid = t.typelem
    WHERE t.typnamespace = 'reseller_report'::regnamespace AND coalesce(c.relkind, 'r') NOT IN ('r', 'v', 'f')
        OR (t.typnamespace = 'reseller_report'::regnamespace AND c.oid IS NULL AND e.oid IS NULL)$$,
            'there is no type but those of their rows');
SELECT is(has_schema_privilege('privileges_stranger', 'reseller_report', 'CREATE'), false, 'nobody creates in the schema');

-- And by trying: each function, with NULLs but for what strict ones take, each command on each relation. Nothing happens.
CREATE FUNCTION pg_temp.tried(role name, command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE command;
        RESET ROLE;
        RETURN 'done';
    EXCEPTION WHEN OTHERS THEN
        RESET ROLE;
        RETURN SQLSTATE;
    END;
END
$$;
CREATE FUNCTION pg_temp.fingerprint() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text := '';
    relation regclass;
    digest text;
BEGIN
    FOR relation IN SELECT c.oid FROM pg_class c WHERE c.relnamespace IN ('reseller_report'::regnamespace, 'usage'::regnamespace)
        AND c.relkind = 'r' ORDER BY c.oid::regclass::text LOOP
        EXECUTE format('SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM %s x', relation) INTO digest;
        result := result || relation || ' ' || coalesce(digest, '-') || E'\n';
    END LOOP;
    RETURN result || (SELECT string_agg(t::text, E'\n' ORDER BY t.oid) FROM pg_trigger t)
        || (SELECT string_agg(t::text, E'\n' ORDER BY t.oid) FROM pg_event_trigger t);
END
$$;
CREATE TABLE pg_temp.before AS SELECT pg_temp.fingerprint() AS state;
CREATE VIEW pg_temp.call AS
    SELECT f.signature, f.proname, CASE f.prokind WHEN 'p' THEN 'CALL ' ELSE 'SELECT ' END
        || format('reseller_report.%I(%s)', f.proname,
        (SELECT string_agg(CASE WHEN a.type = 'regclass'::regtype THEN '''usage.bot_message''::regclass'
            WHEN a.type = 'name'::regtype THEN '''occurred_at''::name'
            WHEN a.type = 'internal'::regtype THEN 'NULL'
            WHEN a.type::regtype::text LIKE 'any%' THEN 'NULL::reseller_report.source'
                ELSE format('NULL::%s', a.type::regtype) END, ', ' ORDER BY a.n)
            FROM unnest(f.proargtypes::oid[]) WITH ORDINALITY AS a (type, n))) AS command
    FROM pg_temp.function f;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.call), '>', 60::bigint, 'all functions are tried');
-- No query has a value of type internal. Who may not use schema usage cannot name a table there.
SELECT is(pg_temp.tried(role, c.command), CASE
    WHEN c.signature LIKE '%(internal)' THEN '42883'
    WHEN c.proname IN ('_pending', '_freshness', '_rebuild_procedure_slices', '_rebuild_procedure_slice')
        OR NOT EXISTS (SELECT FROM pg_temp.open o WHERE c.signature = 'reseller_report.' || o.name) THEN '42501'
    WHEN c.proname = 'counted_as' AND role <> 'privileges_writer' THEN '42501'
    WHEN c.proname = '_capture' THEN '39P01' WHEN c.proname IN ('_may_read', 'verify_statements') THEN 'done'
        ELSE '22004' END, role || ': ' || c.signature)
FROM unnest(ARRAY['privileges_stranger', 'privileges_writer', 'privileges_web']) AS role, pg_temp.call c;
SELECT is_empty($$
    SELECT r.role, c.oid::regclass, w.command, pg_temp.tried(r.role, format(w.command, c.oid::regclass))
    FROM pg_class c, (VALUES ('privileges_stranger'), ('privileges_writer'), ('privileges_web')) AS r (role),
        (VALUES ('SELECT FROM %s'), ('INSERT INTO %s DEFAULT VALUES'), ('DELETE FROM %s'), ('TRUNCATE %s'), ('LOCK TABLE %s'),
        ('ALTER TABLE %s ADD x int'), ('ALTER TABLE %s OWNER TO CURRENT_USER'), ('DROP TABLE %s CASCADE'),
        ('CREATE INDEX ON %s ((1))'), ('CREATE RULE x AS ON INSERT TO %s DO INSTEAD NOTHING'),
        ('ALTER TABLE %s DISABLE TRIGGER ALL'),
            ('CREATE TRIGGER x AFTER TRUNCATE ON %s EXECUTE FUNCTION reseller_report._capture()'),
                ('GRANT SELECT ON %s TO PUBLIC'), ('COMMENT ON TABLE %s IS NULL')) AS w (command)
    WHERE c.relnamespace = 'reseller_report'::regnamespace AND c.relkind = 'r'
        AND pg_temp.tried(r.role, format(w.command, c.oid::regclass)) <> '42501'$$, 'no command does anything to a table');
SELECT is(pg_temp.tried('privileges_stranger', command), '42501', command)
    FROM (VALUES ('DROP EXTENSION reseller_report CASCADE'), ('ALTER EXTENSION reseller_report UPDATE'),
        ('DROP SCHEMA reseller_report CASCADE'),
    ('CREATE FUNCTION reseller_report.x() RETURNS int LANGUAGE sql AS ''SELECT 1'''), ('CREATE TABLE reseller_report.x ()'),
    ('DROP FUNCTION reseller_report.materialize'), ('ALTER FUNCTION reseller_report.materialize SECURITY INVOKER'),
    ('GRANT EXECUTE ON FUNCTION reseller_report.materialize TO PUBLIC'), ('ALTER EVENT TRIGGER reseller_report_sql_drop DISABLE'),
    ('DROP EVENT TRIGGER reseller_report_sql_drop'), ('SELECT * FROM reseller_report.materializer_state'),
    ('SELECT * FROM reseller_report.freshness'),
    ('SELECT * FROM reseller_report._source_state'), ('INSERT INTO reseller_report.access VALUES (CURRENT_USER::regrole, NULL)'),
    ('ALTER TABLE usage.bot_message DISABLE TRIGGER reseller_report_capture'),
    ('CREATE FUNCTION public.x() RETURNS trigger LANGUAGE c AS ''reseller_report'', ''reseller_report_capture''')) AS v (command);
SELECT is(pg_temp.tried('privileges_web', format('SELECT * FROM reseller_report.%s(%s, ''-infinity'', ''infinity'')', s, r)),
    CASE r WHEN 1 THEN 'done' ELSE '42501' END, format('a grant of reseller 1 and %s(%s)', s, r))
FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot']) s,
    unnest(ARRAY[1, 2, 11, 99, 0, -1]) r;
SELECT is(pg_temp.fingerprint(), (SELECT state FROM pg_temp.before), 'all is as it was');

DROP OWNED BY privileges_stranger, privileges_writer, privileges_web CASCADE;
DROP ROLE privileges_stranger, privileges_writer, privileges_web;
SELECT * FROM finish();
