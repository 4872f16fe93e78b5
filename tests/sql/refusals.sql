-- The context of an error names what called the extension, and no step of the extension itself. A table is named in one pair of
-- quotes.
SELECT no_plan();
SET client_min_messages = error;
CREATE SCHEMA "App";
CREATE TABLE "App"."Msg" (company_id bigint, occurred_at timestamptz, price_twin numeric(9,3), price_reseller numeric(9,3),
    billable boolean, rate double precision);
CREATE TABLE "App"."Other" (LIKE "App"."Msg");
CREATE MATERIALIZED VIEW "App"."Stored" AS SELECT * FROM "App"."Msg";
SELECT reseller_report.attach_source('bot', '"App"."Msg"') \g /dev/null
CREATE FUNCTION pg_temp.context_of(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    context text;
BEGIN
    EXECUTE call;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    -- This function itself is two lines, the call and its line.
    RETURN regexp_replace(context, 'SQL statement "(.*)"\nPL/pgSQL function [^\n]*context_of[^\n]*$', '\1');
END
$$;
-- The call stands in its own context as a statement of context_of, and nothing stands before it.
SELECT is(pg_temp.context_of(call), call, call) FROM (VALUES
    ($$SELECT reseller_report.attach_source('fax', '"App"."Other"')$$),
    ($$SELECT reseller_report.attach_source('bot', '"App"."Stored"')$$),
    ($$SELECT reseller_report.attach_source('bot', '"App"."Msg"')$$),
    ($$SELECT reseller_report.attach_source('bot', '"App"."Other"', '{"price_twin": "rate"}')$$),
    ($$SELECT reseller_report.attach_source('bot', '"App"."Other"', '{"billable": {"column": "rate", "values": {"x": "y"}}}')$$),
    ($$SELECT reseller_report.detach_source('"App"."Other"')$$),
    ($$SELECT * FROM reseller_report.prune('"App"."Other"', now())$$),
    ($$SELECT * FROM reseller_report.prune('"App"."Msg"', now())$$),
    ($$SELECT * FROM reseller_report.prunable('"App"."Msg"', now())$$),
    ($$SELECT * FROM reseller_report.create_partitions('1 month', '"App"."Other"')$$),
    ($$SELECT * FROM reseller_report.rebuild_slice('"App"."Other"', '-infinity', 'infinity')$$),
    ($$SELECT * FROM reseller_report.verify('-infinity', 'infinity', 'fax')$$),
    ($$SELECT * FROM reseller_report.bot(0, '-infinity', 'infinity')$$)) AS refused (call);
-- A function in PL/pgSQL says where it stands itself, like any other.
SELECT unalike(pg_temp.context_of($$SELECT reseller_report.pre_restore()$$), '%reseller_report.\_%',
    'pre_restore: no statement of ours');
-- What nobody foresaw says all of it: here a trigger that has the name of ours.
CREATE FUNCTION pg_temp.nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER reseller_report_capture AFTER INSERT ON "App"."Other" FOR EACH ROW EXECUTE FUNCTION pg_temp.nothing();
SELECT alike(pg_temp.context_of($$SELECT reseller_report.attach_source('bot', '"App"."Other"')$$), '%_attach_source%',
    'an error of the server says where');

SELECT throws_ok(call, state, message, message) FROM (VALUES
    ($$SELECT reseller_report.attach_source('bot', '"App"."Stored"')$$, '42809',
        'relation "App.Stored" cannot be connected: it is a materialized view'),
    ($$SELECT reseller_report.attach_source('bot', '"App"."Msg"')$$, '42710', 'table "App.Msg" is already connected as bot'),
    ($$SELECT reseller_report.attach_source('bot', '"App"."Other"', '{"price_twin": "x"}')$$, '42703',
        'table "App.Other" has no column "x"'),
    ($$SELECT reseller_report.attach_source('bot', '"App"."Other"', '{"price_twin": "rate"}')$$, '42804',
        'column "rate" of table "App.Other" has type double precision, which cannot be read as price_twin'),
    ($$SELECT reseller_report.detach_source('"App"."Other"')$$, '42704', 'table "App.Other" is not connected'),
    ($$SELECT * FROM reseller_report.rebuild_slices('"App"."Other"')$$, '42704', 'table "App.Other" is not connected'),
    ($$SELECT * FROM reseller_report.prune('"App"."Msg"', now())$$, '0A000',
        'table "App.Msg" is not range-partitioned by occurred_at'),
    ($$SELECT * FROM reseller_report.rebuild_slices('"App"."Msg"', NULL)$$, '22004', 'period_from must not be NULL'))
    AS refused (call, state, message);
SELECT * FROM finish();
