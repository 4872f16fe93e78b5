-- Only a role that was granted a reseller reads its reports; it needs no right on any table.
SELECT no_plan();
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (2, 'Two', true), (11, 'A', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) VALUES (11, 'sms', '2024-03-01 10:05+00', 5);
CREATE ROLE access_web;
CREATE ROLE access_member IN ROLE access_web;
CREATE ROLE access_all;
CREATE ROLE access_stranger;
SELECT reseller_report.grant_access('access_web', 1), reseller_report.grant_access('access_web', 1),
    reseller_report.grant_access('access_all', NULL) \g /dev/null

-- pgTAP writes to tables of its own, which the roles have no right to: the answers come back as text.
CREATE FUNCTION pg_temp.answer(role name, reseller bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        result := (SELECT sum(total_price_to_twin)
            FROM reseller_report.text_messaging(reseller, '2024-03-01 10:01+00', '2024-03-01 10:09+00'));
    EXCEPTION WHEN insufficient_privilege THEN
        result := SQLERRM;
    END;
    RESET ROLE;
    RETURN result;
END
$$;
SELECT is(pg_temp.answer('access_web', 1), '5.000000', 'a granted role reads');
SELECT is(pg_temp.answer('access_member', 1), '5.000000', 'so does a member');
SELECT is(pg_temp.answer('access_all', 1), '5.000000', 'and who was granted every reseller');
SELECT is(pg_temp.answer('access_web', 2), 'permission denied for reseller 2', 'not another reseller');
SELECT is(pg_temp.answer('access_stranger', 1), 'permission denied for reseller 1', 'not a role without grant');
SELECT reseller_report.revoke_access('access_all', 1) \g /dev/null
SELECT is(pg_temp.answer('access_all', 1), '5.000000', 'revoking one of every reseller changes nothing');
SELECT reseller_report.revoke_access('access_web', 1), reseller_report.revoke_access('access_all', NULL) \g /dev/null
SELECT is(pg_temp.answer('access_web', 1), 'permission denied for reseller 1', 'a revoked role does not read');
SELECT is(pg_temp.answer('access_all', 2), 'permission denied for reseller 2', 'nor does one revoked of every reseller');

-- A SECURITY DEFINER wrapper reads with its owner's grants.
SELECT reseller_report.grant_access('access_web', 1) \g /dev/null
CREATE SCHEMA access_app;
GRANT ALL ON SCHEMA access_app TO access_web;
GRANT USAGE ON SCHEMA access_app TO access_stranger;
SET ROLE access_web;
CREATE FUNCTION access_app.total() RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT sum(total_price_to_twin) FROM reseller_report.text_messaging(1, '-infinity', 'infinity')
$$;
RESET ROLE;
CREATE FUNCTION pg_temp.wrapped() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    result numeric;
BEGIN
    SET LOCAL ROLE access_stranger;
    result := access_app.total();
    RESET ROLE;
    RETURN result;
END
$$;
SELECT is(pg_temp.wrapped(), 5.000000, 'a SECURITY DEFINER wrapper reads for its owner');

-- A grant to a role that was dropped gives nobody anything.
CREATE ROLE access_gone;
SELECT reseller_report.grant_access('access_gone', NULL) \g /dev/null
DROP ROLE access_gone;
CREATE ROLE access_gone;
SELECT is(pg_temp.answer('access_gone', 1), 'permission denied for reseller 1', 'a new role of the same name has no grant');
SELECT is(pg_temp.answer('access_stranger', 1), 'permission denied for reseller 1', 'and others are not let in either');
SELECT throws_ok('SELECT reseller_report.grant_access(NULL, 1)', '22004', NULL, 'a role must be named');
SELECT throws_ok('SELECT reseller_report.grant_access(4294967294::oid::regrole, 1)', '42704', NULL, 'and exist');

-- Maintenance is for the owner and those it grants.
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'reseller_report' AND has_function_privilege('access_stranger', p.oid, 'EXECUTE')
        AND p.proname NOT IN ('text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot', 'totals',
            'usage', 'usage_series', 'named_period', 'reseller_and_companies', 'usage_events', 'open_corrections',
            'verify_statements', 'counted_as', '_capture', '_pending', '_freshness', '_may_read', '_rebuild_procedure_slices',
            '_rebuild_procedure_slice')$$,
    'PUBLIC may execute what reads figures, the capture trigger, and what views and rebuild call, only');
CREATE ROLE access_builder;
GRANT EXECUTE ON PROCEDURE reseller_report.rebuild(regclass, timestamptz, timestamptz) TO access_builder;
GRANT USAGE ON SCHEMA usage TO access_builder;
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), '-infinity', 'infinity', 'a test'
    FROM reseller_report.source WHERE table_name = 'bot_message';
SET client_min_messages = warning;
SET ROLE access_builder;
CALL reseller_report.rebuild('usage.bot_message');
RESET ROLE;
RESET client_min_messages;
CREATE FUNCTION pg_temp.step(role name, step text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text := 'done';
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE format('SELECT reseller_report.%I(''usage.bot_message'', ''2024-01-01 00:00+00'', ''2024-01-02 00:00+00'')', step);
    EXCEPTION WHEN insufficient_privilege THEN
        result := SQLERRM;
    END;
    RESET ROLE;
    RETURN result;
END
$$;
SELECT is(pg_temp.step('access_builder', 'rebuild_slice'), 'permission denied for function rebuild_slice',
    'a role has no more than it was granted');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'usage.bot_message'::regclass), true,
    'who may execute rebuild needs nothing else');
REVOKE EXECUTE ON PROCEDURE reseller_report.rebuild(regclass, timestamptz, timestamptz) FROM access_builder;
SELECT is(pg_temp.step('access_builder', step), 'permission denied for procedure rebuild', step || ' is for nobody else')
    FROM unnest(ARRAY['_rebuild_procedure_slices', '_rebuild_procedure_slice']) AS step;
DROP OWNED BY access_builder;
DROP ROLE access_builder;
SELECT is_empty($$
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'reseller_report' AND c.relkind IN ('r', 'v', 'f') AND has_table_privilege('access_stranger', c.oid, 'SELECT')
        AND c.relname NOT IN ('resellers', 'reseller_companies', 'quarter_hourly_usage', 'hourly_usage', 'daily_usage',
            'monthly_usage', 'statements', 'statement_lines')$$, 'PUBLIC may read nothing but the views that ask who reads');

-- A role that may run the application's writes has no right on the extension's tables either, and needs none.
GRANT USAGE ON SCHEMA usage TO access_stranger;
GRANT INSERT, SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA usage TO access_stranger;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA usage TO access_stranger;
SET ROLE access_stranger;
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) VALUES (11, 'sms', '2024-03-01 10:05+00', 3);
RESET ROLE;
SELECT is(pg_temp.answer('access_web', 1), '8.000000', 'the application''s role writes usage');
DROP SCHEMA access_app CASCADE;
REVOKE ALL ON ALL TABLES IN SCHEMA usage FROM access_stranger;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA usage FROM access_stranger;
REVOKE ALL ON SCHEMA usage FROM access_stranger;
DROP ROLE access_web, access_member, access_all, access_stranger, access_gone;
SELECT * FROM finish();
