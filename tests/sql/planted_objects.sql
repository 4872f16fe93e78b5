-- Nothing that a role plants under the names that the extension's functions use is run by them.
SELECT no_plan();
CREATE ROLE planted_reader;
CREATE ROLE planter;
GRANT USAGE ON SCHEMA usage TO planter;
GRANT ALL ON ALL TABLES IN SCHEMA usage TO planter;
GRANT ALL ON ALL SEQUENCES IN SCHEMA usage TO planter;
SELECT setseed(0.17) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(),
    random_usage.events(20); PERFORM reseller_report.materialize(); PERFORM random_usage.events(5); END $$;

-- Planted objects: each operator, and each function that our functions' sources name, in a schema before pg_catalog; each writes
-- who runs it.
CREATE SCHEMA planted AUTHORIZATION planter;
GRANT CREATE ON SCHEMA public TO planter;
GRANT USAGE ON SCHEMA planted TO PUBLIC;
GRANT EXECUTE ON FUNCTION reseller_report.attach_source, reseller_report.detach_source,
    reseller_report.create_usage_tables TO planter;
GRANT CREATE ON DATABASE :"DBNAME" TO planter;
SET ROLE planter;
CREATE TABLE planted.log (who name, what text);
GRANT INSERT ON planted.log TO PUBLIC;
RESET ROLE;
CREATE FUNCTION pg_temp.plant() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    sources CONSTANT text := (SELECT string_agg(p.prosrc, ' ') FROM pg_proc p
        WHERE p.pronamespace = 'reseller_report'::regnamespace);
    known record;
    planted bigint := 0;
BEGIN
    FOR known IN
        SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
            o.oprname, o.oprleft::regtype, o.oprright::regtype
        FROM pg_proc p LEFT JOIN pg_operator o ON o.oprcode = p.oid AND o.oprnamespace = 'pg_catalog'::regnamespace
            AND o.oprleft <> 0 AND o.oprright <> 0
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset
            AND (o.oid IS NOT NULL OR sources ~ ('\m' || p.proname || '\(') OR p.proname IN ('date_trunc', 'min', 'max'))
    LOOP
        BEGIN
            EXECUTE format('CREATE OR REPLACE FUNCTION planted.%I(%s) RETURNS %s '
                'LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO planted.log VALUES (current_user, %L); RETURN NULL; END $x$',
                known.proname, known.arguments, known.result, known.proname);
            IF known.oprname IS NOT NULL THEN
                EXECUTE format('CREATE OPERATOR planted.%s (FUNCTION = planted.%I, LEFTARG = %s, RIGHTARG = %s)', known.oprname,
                    known.proname, known.oprleft, known.oprright);
            END IF;
            planted := planted + 1;
        EXCEPTION WHEN OTHERS THEN
            NULL;  -- pseudo-types, which plpgsql does not take
        END;
    END LOOP;
    FOR known IN
        SELECT c.relname FROM pg_class c
        WHERE c.relkind IN ('r', 'v')
            AND (c.relnamespace = 'reseller_report'::regnamespace
                OR (c.relnamespace = 'pg_catalog'::regnamespace AND sources ~ ('\m' || c.relname || '\M')))
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
GRANT TEMPORARY ON DATABASE :"DBNAME" TO planter;
SELECT cmp_ok(pg_temp.plant(), '>', 600::bigint, 'operators and functions are planted');
SET search_path = planted, pg_temp, public, pg_catalog;
SELECT 1 = 1 \g /dev/null
RESET search_path;
SELECT is((SELECT string_agg(who || ' ' || what, ', ') FROM planted.log), 'postgres int4eq',
    'a careless statement runs what is planted');
DELETE FROM planted.log;

-- What the planter may do: read, write, connect tables, change and drop them.
SELECT reseller_report.grant_access('planter', 1) \g /dev/null
GRANT SELECT ON reseller_report.materializer_state TO planter;
SET ROLE planter;
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
CREATE TABLE planted.app (company_id int, occurred_at pg_catalog.timestamptz, state planted.state, price_twin numeric(15,6),
    price_reseller int);
SELECT reseller_report.attach_source('bot', 'planted.app',
    '{"billable": {"column": "state", "values": {"on": true, "off": null}}, "price_reseller": {"column": "price_reseller", '
    '"unit": "0.01"}, "only": {"company_id": [11, 12]}}') \g /dev/null
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
SELECT reseller_report.attach_source('bot', 'planted.application', '{"billable": {"value": true}, "price_reseller": {"value": 0}}')
    \g /dev/null
-- Hints look at types. What those of the planter run as they read or convert a value is not undone with what is refused.
CREATE SEQUENCE planted.runs;
CREATE FUNCTION planted.runs() RETURNS boolean LANGUAGE sql AS $$ SELECT pg_catalog.nextval('planted.runs') > 0 $$;
CREATE DOMAIN planted.watched AS int CHECK (planted.runs());
CREATE TYPE planted.watched_range AS RANGE (SUBTYPE = planted.watched);
CREATE TYPE planted.thing AS (x int);
CREATE FUNCTION planted.as_text(planted.thing) RETURNS text LANGUAGE sql AS $$ SELECT planted.runs()::pg_catalog.text $$;
CREATE CAST (planted.thing AS text) WITH FUNCTION planted.as_text(planted.thing) AS IMPLICIT;
CREATE TABLE planted.strange (company_id int, occurred_at pg_catalog.timestamptz, billable boolean, price_twin int,
    price_reseller int, list planted.watched[], span planted.watched_range, thing planted.thing, things planted.thing[]);
DO $$
DECLARE
    condition text;
BEGIN
    FOREACH condition IN ARRAY ARRAY['{"list": ["{1}"]}', '{"span": ["[1,2)"]}', '{"thing": ["(1)"]}', '{"things": ["{(1)}"]}'] LOOP
        BEGIN
            PERFORM reseller_report.attach_source('bot', 'planted.strange',
                pg_catalog.jsonb_build_object('only', condition::pg_catalog.jsonb));
            RAISE '% is taken', condition;
        EXCEPTION WHEN datatype_mismatch THEN
            NULL;
        END;
    END LOOP;
END
$$;
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
SELECT reseller_report.move_company(11, 2, '2024-03-01 00:00+00'), reseller_report.move_company(11, NULL, '2024-03-02 00:00+00')
    \g /dev/null
INSERT INTO reseller_report.company VALUES (77, 'x', true, 'Europe/Moscow');
UPDATE reseller_report.company SET is_reseller = false WHERE company_id OPERATOR(pg_catalog.=) 77;
INSERT INTO reseller_report.dependency VALUES (2, 77);
DELETE FROM reseller_report.dependency WHERE company_id OPERATOR(pg_catalog.=) 77;
SELECT reseller_report.sources(), reseller_report.health() \g /dev/null
SELECT reseller_report.grant_access('planted_reader', 2), reseller_report.revoke_access('planted_reader', 2),
    reseller_report.post_restore() \g /dev/null
TABLE reseller_report.materializer_state \g /dev/null
RESET search_path;
SELECT is_empty('TABLE planted.log', 'nothing planted was run');
SELECT ok(NOT (SELECT is_called FROM planted.runs), 'no function of a type runs for a hint');
SELECT is((SELECT sum(b.total_price_to_twin) FROM generate_series(1, 3) r, reseller_report.bot(r, '-infinity', 'infinity') b),
    (SELECT sum(b.total) + 5 FROM generate_series(1, 3) r,
        oracle.bot(r, '-infinity', 'infinity', false) AS b (id bigint, n text, a bigint, total numeric, c numeric)),
            'what the planter wrote counts');

DROP SCHEMA planted CASCADE;
DROP OWNED BY planted_reader, planter CASCADE;
DROP ROLE planted_reader, planter;
SELECT * FROM finish();
