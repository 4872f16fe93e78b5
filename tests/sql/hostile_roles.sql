-- A role reaches what is meant for it and nothing else: a function that is not on the list here must be revoked from PUBLIC, one that does not pin
-- its search path must be on the other. And nothing that a role plants under the names that our functions use is run by them.
SELECT no_plan();
CREATE ROLE hostile_stranger;
CREATE ROLE hostile_writer;
CREATE ROLE hostile_web;
CREATE ROLE hostile_planter;
GRANT USAGE ON SCHEMA usage TO hostile_writer, hostile_planter;
GRANT ALL ON ALL TABLES IN SCHEMA usage TO hostile_writer, hostile_planter;
GRANT ALL ON ALL SEQUENCES IN SCHEMA usage TO hostile_writer, hostile_planter;
SELECT setseed(0.17) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(20); PERFORM reseller_report.materialize(); PERFORM random_usage.events(5), reseller_report.grant_access('hostile_web', 1); END $$;

-- What is open, by the catalogs.
CREATE VIEW pg_temp.function AS SELECT p.*, p.oid::regprocedure::text AS signature FROM pg_proc p WHERE p.pronamespace = 'reseller_report'::regnamespace;
CREATE TABLE pg_temp.open AS SELECT unnest(ARRAY['_capture()', '_pending()', '_rebuild_procedure_slices(regclass,timestamp with time zone,timestamp with time zone)',
        '_rebuild_procedure_slice(regclass,timestamp with time zone,timestamp with time zone)']
    || ARRAY(SELECT s || '(bigint,timestamp with time zone,timestamp with time zone,boolean)' FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot']) s)) AS name;
SELECT set_eq(format('SELECT signature FROM pg_temp.function f WHERE has_function_privilege(%L, f.oid, ''EXECUTE'')', role), 'SELECT ''reseller_report.'' || name FROM pg_temp.open', role || ' may execute what is on the list')
FROM unnest(ARRAY['hostile_stranger', 'hostile_writer', 'hostile_web']) AS role;
SELECT set_eq($$SELECT f.proname FROM pg_temp.function f WHERE NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false)$$, $$VALUES ('_capture'::name), ('_ddl_command_start'), ('_guard'), ('rebuild')$$,
    'every function but these four pins its search path');
SELECT is_empty($$SELECT signature FROM pg_temp.function f WHERE f.prosecdef AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false)$$, 'and no SECURITY DEFINER function is one of them');
SELECT is_empty($$SELECT c.oid::regclass, r.role, p FROM pg_class c, (VALUES ('hostile_stranger'), ('hostile_writer'), ('hostile_web')) AS r (role), unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
    WHERE c.relnamespace = 'reseller_report'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_any_column_privilege(r.role, c.oid, p)$$, 'no column of a table is open');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'reseller_report'::regnamespace AND c.relkind NOT IN ('r', 'v', 'i') AND c.relkind <> 'c'$$, 'there is nothing but tables, views and indexes');
SELECT is_empty($$SELECT t.oid::regtype FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid LEFT JOIN pg_type e ON e.oid = t.typelem
    WHERE t.typnamespace = 'reseller_report'::regnamespace AND coalesce(c.relkind, 'r') NOT IN ('r', 'v') OR (t.typnamespace = 'reseller_report'::regnamespace AND c.oid IS NULL AND e.oid IS NULL)$$, 'nor a type but those of their rows');
SELECT is(has_schema_privilege('hostile_stranger', 'reseller_report', 'CREATE'), false, 'nobody creates in the schema');

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
    FOR relation IN SELECT c.oid FROM pg_class c WHERE c.relnamespace IN ('reseller_report'::regnamespace, 'usage'::regnamespace) AND c.relkind = 'r' ORDER BY c.oid::regclass::text LOOP
        EXECUTE format('SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM %s x', relation) INTO digest;
        result := result || relation || ' ' || coalesce(digest, '-') || E'\n';
    END LOOP;
    RETURN result || (SELECT string_agg(t::text, E'\n' ORDER BY t.oid) FROM pg_trigger t) || (SELECT string_agg(t::text, E'\n' ORDER BY t.oid) FROM pg_event_trigger t);
END
$$;
CREATE TABLE pg_temp.before AS SELECT pg_temp.fingerprint() AS state;
CREATE VIEW pg_temp.call AS
    SELECT f.signature, f.proname, CASE f.prokind WHEN 'p' THEN 'CALL ' ELSE 'SELECT ' END || format('reseller_report.%I(%s)', f.proname,
        (SELECT string_agg(CASE WHEN a.type = 'regclass'::regtype THEN '''usage.bot_message''::regclass' WHEN a.type = 'name'::regtype THEN '''occurred_at''::name'
            WHEN a.type::regtype::text LIKE 'any%' THEN 'NULL::reseller_report.source' ELSE format('NULL::%s', a.type::regtype) END, ', ' ORDER BY a.n)
            FROM unnest(f.proargtypes::oid[]) WITH ORDINALITY AS a (type, n))) AS command
    FROM pg_temp.function f;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.call), '>', 60::bigint, 'all functions are tried');
SELECT is(pg_temp.tried(role, c.command), CASE WHEN c.proname IN ('_pending', '_rebuild_procedure_slices', '_rebuild_procedure_slice') OR NOT EXISTS (SELECT FROM pg_temp.open o WHERE c.signature = 'reseller_report.' || o.name) THEN '42501'
    WHEN c.proname = '_capture' THEN '39P01' ELSE '22004' END, role || ': ' || c.signature)
FROM unnest(ARRAY['hostile_stranger', 'hostile_writer', 'hostile_web']) AS role, pg_temp.call c;
SELECT is_empty($$
    SELECT r.role, c.oid::regclass, w.command, pg_temp.tried(r.role, format(w.command, c.oid::regclass))
    FROM pg_class c, (VALUES ('hostile_stranger'), ('hostile_writer'), ('hostile_web')) AS r (role), (VALUES ('SELECT FROM %s'), ('INSERT INTO %s DEFAULT VALUES'), ('DELETE FROM %s'), ('TRUNCATE %s'), ('LOCK TABLE %s'),
        ('ALTER TABLE %s ADD x int'), ('ALTER TABLE %s OWNER TO CURRENT_USER'), ('DROP TABLE %s CASCADE'), ('CREATE INDEX ON %s ((1))'), ('CREATE RULE x AS ON INSERT TO %s DO INSTEAD NOTHING'),
        ('ALTER TABLE %s DISABLE TRIGGER ALL'), ('CREATE TRIGGER x AFTER TRUNCATE ON %s EXECUTE FUNCTION reseller_report._capture()'), ('GRANT SELECT ON %s TO PUBLIC'), ('COMMENT ON TABLE %s IS NULL')) AS w (command)
    WHERE c.relnamespace = 'reseller_report'::regnamespace AND c.relkind = 'r' AND pg_temp.tried(r.role, format(w.command, c.oid::regclass)) <> '42501'$$, 'no command does anything to a table');
SELECT is(pg_temp.tried('hostile_stranger', command), '42501', command) FROM (VALUES ('DROP EXTENSION reseller_report CASCADE'), ('ALTER EXTENSION reseller_report UPDATE'), ('DROP SCHEMA reseller_report CASCADE'),
    ('CREATE FUNCTION reseller_report.x() RETURNS int LANGUAGE sql AS ''SELECT 1'''), ('CREATE TABLE reseller_report.x ()'), ('DROP FUNCTION reseller_report.materialize'), ('ALTER FUNCTION reseller_report.materialize SECURITY INVOKER'),
    ('GRANT EXECUTE ON FUNCTION reseller_report.materialize TO PUBLIC'), ('ALTER EVENT TRIGGER reseller_report_sql_drop DISABLE'), ('DROP EVENT TRIGGER reseller_report_sql_drop'), ('SELECT * FROM reseller_report.materializer_state'),
    ('SELECT * FROM reseller_report._source_state'), ('INSERT INTO reseller_report.access VALUES (CURRENT_USER::regrole, NULL)'), ('ALTER TABLE usage.bot_message DISABLE TRIGGER reseller_report_capture'),
    ('CREATE FUNCTION public.x() RETURNS trigger LANGUAGE c AS ''reseller_report'', ''reseller_report_capture''')) AS v (command);
SELECT is(pg_temp.tried('hostile_web', format('SELECT * FROM reseller_report.%s(%s, ''-infinity'', ''infinity'')', s, r)), CASE r WHEN 1 THEN 'done' ELSE '42501' END, format('a grant of reseller 1 and %s(%s)', s, r))
FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot']) s, unnest(ARRAY[1, 2, 11, 99, 0, -1]) r;
SELECT is(pg_temp.fingerprint(), (SELECT state FROM pg_temp.before), 'all is as it was');

-- Planted objects: each operator, and each function that our functions' sources name, in a schema before pg_catalog; each writes who runs it.
CREATE SCHEMA planted AUTHORIZATION hostile_planter;
GRANT CREATE ON SCHEMA public TO hostile_planter;
GRANT USAGE ON SCHEMA planted TO PUBLIC;
GRANT EXECUTE ON FUNCTION reseller_report.attach_source, reseller_report.detach_source, reseller_report.create_usage_tables TO hostile_planter;
GRANT CREATE ON DATABASE :"DBNAME" TO hostile_planter;
SET ROLE hostile_planter;
CREATE TABLE planted.log (who name, what text);
GRANT INSERT ON planted.log TO PUBLIC;
RESET ROLE;
CREATE FUNCTION pg_temp.plant() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    sources CONSTANT text := (SELECT string_agg(p.prosrc, ' ') FROM pg_proc p WHERE p.pronamespace = 'reseller_report'::regnamespace);
    known record;
    planted bigint := 0;
BEGIN
    FOR known IN
        SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result, o.oprname, o.oprleft::regtype, o.oprright::regtype
        FROM pg_proc p LEFT JOIN pg_operator o ON o.oprcode = p.oid AND o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0 AND o.oprright <> 0
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset
            AND (o.oid IS NOT NULL OR sources ~ ('\m' || p.proname || '\(') OR p.proname IN ('date_trunc', 'min', 'max'))
    LOOP
        BEGIN
            EXECUTE format('CREATE OR REPLACE FUNCTION planted.%I(%s) RETURNS %s LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO planted.log VALUES (current_user, %L); RETURN NULL; END $x$',
                known.proname, known.arguments, known.result, known.proname);
            IF known.oprname IS NOT NULL THEN
                EXECUTE format('CREATE OPERATOR planted.%s (FUNCTION = planted.%I, LEFTARG = %s, RIGHTARG = %s)', known.oprname, known.proname, known.oprleft, known.oprright);
            END IF;
            planted := planted + 1;
        EXCEPTION WHEN OTHERS THEN
            NULL;  -- pseudo-types, which plpgsql does not take
        END;
    END LOOP;
    FOR known IN
        SELECT c.relname FROM pg_class c
        WHERE c.relkind IN ('r', 'v') AND (c.relnamespace = 'reseller_report'::regnamespace OR (c.relnamespace = 'pg_catalog'::regnamespace AND sources ~ ('\m' || c.relname || '\M')))
    LOOP
        EXECUTE format('CREATE TABLE planted.%I (); CREATE TEMP TABLE %1$I (x int)', known.relname);
    END LOOP;
    CREATE DOMAIN planted.tstzrange AS text CHECK (planted.int4eq(1, 1) IS NOT NULL);
    CREATE DOMAIN planted.regclass AS text;
    CREATE DOMAIN planted.jsonb AS text;
    CREATE DOMAIN planted.timestamptz AS text;
    RETURN planted;
END
$$;
GRANT TEMPORARY ON DATABASE :"DBNAME" TO hostile_planter;
SELECT cmp_ok(pg_temp.plant(), '>', 600::bigint, 'operators and functions are planted');
SET search_path = planted, pg_temp, public, pg_catalog;
SELECT 1 = 1 \g /dev/null
RESET search_path;
SELECT is((SELECT string_agg(who || ' ' || what, ', ') FROM planted.log), 'postgres int4eq', 'and run by whoever is careless');
DELETE FROM planted.log;

-- What the planter may do: read, write, connect tables, change and drop them.
SELECT reseller_report.grant_access('hostile_planter', 1) \g /dev/null
GRANT SELECT ON reseller_report.materializer_state TO hostile_planter;
SET ROLE hostile_planter;
SET search_path = planted, pg_temp, public, pg_catalog;
SELECT reseller_report.text_messaging(1, '-infinity', 'infinity') \g /dev/null
SELECT reseller_report.chat(1, '2024-02-01 10:01+00', '2024-03-01 10:07+00') \g /dev/null
SELECT reseller_report.telephony_outgoing(1, '-infinity', '2024-03-01 10:07+00', true) \g /dev/null
SELECT reseller_report.telephony_incoming(1, '-infinity', 'infinity') \g /dev/null
SELECT reseller_report.bot(1, '-infinity', 'infinity') \g /dev/null
TABLE reseller_report.materializer_state \g /dev/null
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01', 5), (12, '2024-03-01', 5);
SELECT reseller_report.create_usage_tables('planted_usage') \g /dev/null
INSERT INTO planted_usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01', 5);
INSERT INTO planted_usage.chat_message (company_id, sender, occurred_at) VALUES (11, 'bot', '2020-03-01');
CREATE TYPE planted.state AS ENUM ('on', 'off');
CREATE TABLE planted.app (company_id int, occurred_at pg_catalog.timestamptz, state planted.state, price_twin numeric(15,6), price_reseller int);
SELECT reseller_report.attach_source('bot', 'planted.app', '{"billable": {"column": "state", "values": {"on": true, "off": null}}, "price_reseller": {"column": "price_reseller", "unit": "0.01"}, "only": {"company_id": [11, 12]}}') \g /dev/null
INSERT INTO planted.app VALUES (11, '2024-03-01', 'on', 5, 100);
ALTER TYPE planted.state RENAME VALUE 'on' TO 'one';
ALTER TABLE planted.app RENAME TO application;
ALTER TABLE planted.application RENAME COLUMN state TO condition;
ALTER TABLE planted.application ALTER COLUMN price_twin TYPE numeric(12,2);
ALTER TABLE planted.application DISABLE TRIGGER reseller_report_capture;
ALTER TABLE planted.application ENABLE TRIGGER reseller_report_capture;
TRUNCATE planted.application;
CREATE TABLE planted.flow (LIKE usage.bot_message) PARTITION BY RANGE (occurred_at);
SELECT reseller_report.attach_source('bot', 'planted.flow') \g /dev/null
CREATE TABLE planted.part PARTITION OF planted.flow FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00');
ALTER TABLE planted.flow DETACH PARTITION planted.part CONCURRENTLY;
ALTER TABLE planted.flow ATTACH PARTITION planted.part FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00');
DROP TABLE planted.part;
SELECT reseller_report.detach_source('planted.application') \g /dev/null
SELECT reseller_report.attach_source('bot', 'planted.application', '{"billable": {"value": true}, "price_reseller": {"value": 0}}') \g /dev/null
RESET ROLE;

-- What its tables and its search path lead others to do.
SELECT reseller_report.materialize() \g /dev/null
CALL reseller_report.rebuild('planted_usage.bot_message');
CALL reseller_report.rebuild('usage.bot_message');
CALL reseller_report.rebuild('planted.application');
SELECT reseller_report.verify('-infinity', 'infinity') \g /dev/null
SELECT reseller_report.create_partitions('1 month') \g /dev/null
SELECT reseller_report.rebuild_slice('planted_usage.chat_message', '-infinity', 'infinity') \g /dev/null
SELECT reseller_report.prunable('planted_usage.chat_message', '2021-01-01') \g /dev/null
SELECT reseller_report.prune('planted_usage.chat_message', '2021-01-01') \g /dev/null
SELECT reseller_report.move_company(11, 2, '2024-03-01 00:00+00'), reseller_report.move_company(11, NULL, '2024-03-02 00:00+00') \g /dev/null
INSERT INTO reseller_report.company VALUES (77, 'x', true, 'Europe/Moscow');
UPDATE reseller_report.company SET is_reseller = false WHERE company_id OPERATOR(pg_catalog.=) 77;
INSERT INTO reseller_report.dependency VALUES (2, 77);
DELETE FROM reseller_report.dependency WHERE company_id OPERATOR(pg_catalog.=) 77;
SELECT reseller_report.sources(), reseller_report.health() \g /dev/null
SELECT reseller_report.grant_access('hostile_stranger', 2), reseller_report.revoke_access('hostile_stranger', 2), reseller_report.post_restore() \g /dev/null
TABLE reseller_report.materializer_state \g /dev/null
RESET search_path;
SELECT is_empty('TABLE planted.log', 'nothing planted was run');
SELECT is((SELECT sum(b.total_price_to_twin) FROM generate_series(1, 3) r, reseller_report.bot(r, '-infinity', 'infinity') b),
    (SELECT sum(b.total) + 5 FROM generate_series(1, 3) r, oracle.bot(r, '-infinity', 'infinity', false) AS b (id bigint, n text, a bigint, total numeric, c numeric)), 'and what was written counts');

DROP SCHEMA planted CASCADE;
DROP OWNED BY hostile_stranger, hostile_writer, hostile_web, hostile_planter CASCADE;
DROP ROLE hostile_stranger, hostile_writer, hostile_web, hostile_planter;
SELECT * FROM finish();
